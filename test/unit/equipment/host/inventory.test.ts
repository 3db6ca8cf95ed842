// The inventory of the box: the real program on this machine, and programs that hang, flood, fail or lie.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLogger } from '../../../../src/base/logger.ts'
import { parseInventory } from '../../../../src/equipment/host/box-inventory.ts'
import { InventoryProcess } from '../../../../src/equipment/host/inventory-process.ts'
import { projectRoot } from '../../../fixtures/station/station-process.ts'

const logger = createLogger('silent')
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-inventory-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const inventoryOf = (command: readonly string[], deadlineMs?: number) =>
  new InventoryProcess({ command, deadlineMs }, { logger }).read()
const shell = (script: string) => ['/bin/sh', '-c', script]

describe('the program', () => {
  it('tells system, kernel and architecture of this machine', async () => {
    const found = await inventoryOf([process.execPath, join(projectRoot, 'dist/tram-inventory.mjs')])
    const release = (await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim()
    expect(found).toMatchObject({ kernel: release, architecture: process.arch, system: expect.stringMatching(/\w/) })
    for (const text of Object.values(found)) expect(text).not.toBe('')
  })

  it('that fails, is missing or prints nonsense leaves an empty inventory', async () => {
    expect(await inventoryOf(shell('echo \'{"model":"x"}\'; exit 3'))).toEqual({})
    expect(await inventoryOf([join(folder, 'none')])).toEqual({})
    expect(await inventoryOf(shell('echo no'))).toEqual({})
  })

  it('that hangs or floods ends with the programs that it has started', async () => {
    const pidFile = join(folder, 'pid')
    expect(await inventoryOf(shell(`sleep 1000 & echo $! > ${pidFile}; wait`), 300)).toEqual({})
    const pid = Number(await readFile(pidFile, 'utf8'))
    const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone')
    // Killed; perhaps not yet reaped by whoever inherited it.
    expect(state).toMatch(/^gone$|\) [ZX] /)
    // It would end by itself, with an answer, behind more than is read.
    expect(await inventoryOf(shell(`head -c 300000 /dev/zero | tr '\\0' ' '; echo '{"model":"x"}'`))).toEqual({})
  })

  it('ends when the station does', async () => {
    const inventory = new InventoryProcess({ command: shell('sleep 1000') }, { logger })
    const reading = inventory.read()
    await inventory.stop()
    expect(await reading).toEqual({})
  })

  it('runs once, and only when somebody asks', async () => {
    const file = join(folder, 'runs')
    const inventory = new InventoryProcess({ command: shell(`echo x >> ${file}; echo '{"model":"x"}'`) }, { logger })
    await inventory.start()
    await inventory.stop()
    await expect(readFile(file)).rejects.toThrow('ENOENT')
    expect(await Promise.all([inventory.read(), inventory.read()])).toEqual([{ model: 'x' }, { model: 'x' }])
    expect(await inventory.read()).toEqual({ model: 'x' })
    expect(await readFile(file, 'utf8')).toBe('x\n')
  })
})

describe('an answer', () => {
  it('keeps what says something', () => {
    const disk = { name: 'sda', model: ' X\n1 ', serial: '-', bytes: 5 }
    const answer = {
      model: 'Pi 4',
      serial: 'To Be Filled By O.E.M.',
      manufacturer: '',
      kernel: '6.1\u001b[31m',
      disks: [disk],
    }
    expect(parseInventory(JSON.stringify(answer))).toEqual({
      model: 'Pi 4',
      kernel: '6.1 [31m',
      disks: [{ name: 'sda', model: 'X 1', bytes: 5 }],
    })
  })

  it.each(['', 'null', '[]', '5', '{"disks":{"length":9}}', '{"disks":[null,5,{}]}', '{"model":["a"]}'])(
    '%j is empty',
    (text) => expect(parseInventory(text)).toEqual({}),
  )

  it('is bounded', () => {
    const disks = Array.from({ length: 100 }, (_, at) => ({ name: `d${at}`, bytes: -1 }))
    const found = parseInventory(JSON.stringify({ model: 'x'.repeat(5000), disks }))
    expect(found.model).toHaveLength(200)
    expect(found.disks).toHaveLength(16)
    expect(found.disks?.[0]).toEqual({ name: 'd0' })
  })
})
