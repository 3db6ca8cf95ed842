// A network on trial: taken back by itself, by hand, by a failure, or by a cut, unless it was confirmed.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { trialIn } from '../../../fixtures/box/network-trial.ts'

const [arm, apply, disarm] = [
  'restart tram-network-revert.timer',
  'restart tram-network.service',
  'stop tram-network-revert.timer',
]

describe('a network on trial', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-trial-'))
    await writeFile(join(folder, 'tram.toml'), 'old')
  })
  afterEach(() => rm(folder, { recursive: true }))
  const onDisk = () => readFile(join(folder, 'tram.toml'), 'utf8')

  it('is armed to end before it begins, and leaves the disk alone', async () => {
    const told: string[] = []
    const trial = trialIn(folder, { told })
    await trial.begin('new')
    expect(told).toEqual([arm, apply])
    expect(await onDisk()).toBe('old')
    expect(await readFile(join(folder, 'trial.toml'), 'utf8')).toBe('new')
    expect(await trial.isOn()).toBe(true)
  })

  it('does not begin when it is none, or when the timer cannot be armed', async () => {
    const told: string[] = []
    const wrong = trialIn(folder, { told, check: () => Promise.reject(new Error('wrong')) })
    await expect(wrong.begin('new')).rejects.toThrow('wrong')
    expect(told).toEqual([])
    const deaf = trialIn(folder, { run: () => Promise.reject(new Error('no systemd')) })
    await expect(deaf.begin('new')).rejects.toThrow('no systemd')
    expect(await deaf.isOn()).toBe(false)
  })

  it('is taken back at once when it cannot be applied', async () => {
    const told: string[] = []
    const trial = trialIn(folder, {
      run: async (argv) => {
        told.push(argv.slice(1).join(' '))
        if (told.length === 2) throw new Error('no such interface')
        return ''
      },
    })
    await expect(trial.begin('new')).rejects.toThrow('no such interface')
    expect(told).toEqual([arm, apply, apply, disarm])
    expect(await trial.isOn()).toBe(false)
  })

  it('is kept when it is confirmed; the station starts again only when it has to', async () => {
    const told: string[] = []
    const trial = trialIn(folder, { told })
    await trial.begin('new')
    expect(await trial.confirm()).toEqual({ isStationRestarted: false })
    expect(told.slice(2)).toEqual([disarm, apply])
    expect(await onDisk()).toBe('new')
    expect((await stat(join(folder, 'tram.toml'))).mode & 0o777).toBe(0o640)
    await expect(trial.confirm()).rejects.toMatchObject({ code: 'NETWORK_NOT_ON_TRIAL' })
    await trial.begin('new station')
    expect(await trial.confirm()).toEqual({ isStationRestarted: true })
  })

  it('cannot be confirmed once the timer has taken it back', async () => {
    const trial = trialIn(folder)
    await trial.begin('new')
    await rm(join(folder, 'trial.toml'))
    await expect(trial.confirm()).rejects.toMatchObject({ code: 'NETWORK_NOT_ON_TRIAL' })
    expect(await onDisk()).toBe('old')
  })

  it('is taken back by hand', async () => {
    const told: string[] = []
    const trial = trialIn(folder, { told })
    await trial.begin('new')
    await trial.end()
    expect(told).toEqual([arm, apply, apply, disarm])
    expect(await trial.isOn()).toBe(false)
    expect(await onDisk()).toBe('old')
  })
})
