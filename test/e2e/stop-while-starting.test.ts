// Whoever stops a station that is not ready yet ends a start, and nothing is wrong: systemd must not read a failure out of it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { type Office, officesOf } from '../fixtures/station/office.ts'
import type { LogLine } from '../fixtures/station/station-process.ts'

let folder: string
let office: Office

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-early-stop-'))
  const wishes = [{ id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] }]
  const [first] = officesOf(await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner }))
  if (first === undefined) throw new Error('one office was asked for')
  office = first
})

afterAll(async () => {
  await office?.process.stop()
  await rm(folder, { recursive: true, force: true })
})

const moments: [string, (line: LogLine) => boolean][] = [
  ['its disk is looked at', ({ msg }) => msg === 'room for documents'],
  ['the signer has started', ({ msg }) => msg === 'the signer runs'],
  ['backends could connect', ({ msg }) => msg === 'vxp listens'],
]

test.each(moments)('when %s, a station that is told to stop ends as it was told', async (_, isNow) => {
  const ready = office.process.launch().catch(() => undefined)
  await office.process.seen(isNow)
  expect(await office.process.stop()).toBe(0)
  await ready
  expect(office.process.lines.filter(({ level }) => level >= 50)).toEqual([])
  expect(office.process.lines.filter(({ step }) => step === 'ready')).toEqual([])
})
