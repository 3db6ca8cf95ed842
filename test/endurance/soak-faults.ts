// What a soak does to its stations, one fault after the other, each undone before the next: kills, cut lines, tokens with bad days,
// full disks, a backend that rests, a new directory. soak.ts draws them.
import { execFile } from 'node:child_process'
import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { LinkProxy } from '../fixtures/network/link-proxy.ts'
import type { TroubledToken } from '../fixtures/pkcs11-fake/troubled-token.ts'
import { drawOne } from '../fixtures/random.ts'
import type { Office } from '../fixtures/station/office.ts'
import type { OfficeDisk } from '../fixtures/station/office-disk.ts'
import { signerPidOf } from '../fixtures/station/office-processes.ts'
import type { RestlessBackends } from './restless-backends.ts'
import type { SoakBroker } from './soak-broker.ts'

/** A station of a soak and what can be done to it. */
export interface SoakStation {
  office: Office
  proxy: LinkProxy
  token: TroubledToken
  /** Only with root. */
  disk: OfficeDisk | undefined
  /** Never killed, so that growth would show. */
  isSteady: boolean
}

export interface SoakScene {
  stations: readonly SoakStation[]
  traffic: RestlessBackends
  broker: SoakBroker
  random: () => number
  /** Builds and hands out the next version of the directory. */
  newDirectory(): Promise<void>
}

const run = promisify(execFile)

export const soakFaults = {
  'a station is killed': async ({ stations, random }: SoakScene) => {
    const { office } = drawOne(
      random,
      stations.filter(({ isSteady }) => !isSteady),
    )
    await office.process.kill()
    await delay(random() * 5000)
    await office.process.start()
  },
  'a signer is killed': async ({ stations, random }: SoakScene) => {
    const { office } = drawOne(random, stations)
    process.kill(await signerPidOf(office), 'SIGKILL')
  },
  'connections are dropped': async ({ stations, random }: SoakScene) => {
    const { proxy } = drawOne(random, stations)
    for (let times = 0; times < 5; times++) {
      proxy.cut()
      await delay(random() * 2000)
    }
  },
  'a line is down': async ({ stations, random }: SoakScene) => {
    const { proxy } = drawOne(random, stations)
    proxy.cut(false)
    await delay(5000 + random() * 20_000)
    proxy.cut(true)
  },
  'a token has a bad day': async ({ stations, random }: SoakScene) => {
    const { token } = drawOne(random, stations)
    token.plan(
      drawOne(random, [
        { delayMs: 600 },
        { failEvery: 3 },
        { wrongEvery: 5 },
        { loseSessionsEvery: 4 },
        { delayMs: 2000 },
      ]),
    )
    await delay(10_000 + random() * 20_000)
    token.plan({})
  },
  'a token is pulled out': async ({ stations, random }: SoakScene) => {
    const { token } = drawOne(random, stations)
    token.insert(false)
    await delay(5000 + random() * 15_000)
    token.insert(true)
  },
  'a disk is full': async ({ stations, random }: SoakScene) => {
    const { disk } = drawOne(random, stations)
    if (disk === undefined) return
    const { bavail, bsize } = await statfs(disk.path)
    const filling = join(disk.path, 'filling')
    // Sometimes to the last block, sometimes only past the watermark.
    const leaveBytes = random() < 0.5 ? 0 : 40_000_000
    // What has been written meanwhile makes this too much by a little: then the disk is as full.
    await run('fallocate', ['-l', String(Math.max(4096, bavail * bsize - leaveBytes)), filling]).catch(() => undefined)
    await delay(5000 + random() * 10_000)
    await rm(filling, { force: true })
  },
  'a backend rests': async ({ stations, traffic, random }: SoakScene) => {
    const { office } = drawOne(random, stations)
    traffic.rest(office, true)
    await delay(10_000 + random() * 30_000)
    traffic.rest(office, false)
  },
  'the broker is away': async ({ broker: { mosquitto }, random }: SoakScene) => {
    // In good order: what it has acknowledged is on its disk, and its readers' to get.
    await mosquitto.stop('SIGTERM')
    // Sometimes so long that the stations say so.
    await delay(random() < 0.3 ? 80_000 : random() * 20_000)
    await mosquitto.start()
  },
  'the broker answers nobody': async ({ broker: { mosquitto }, random }: SoakScene) => {
    mosquitto.freeze()
    await delay(random() * 40_000)
    mosquitto.thaw()
  },
  'a new directory': (scene: SoakScene) => scene.newDirectory(),
} as const satisfies Record<string, (scene: SoakScene) => Promise<void>>

export type SoakFault = keyof typeof soakFaults

/** Codes of error lines that these faults explain. Anything else at that level is a finding. */
export const explainedCodes: ReadonlySet<string> = new Set([
  'DISK_FULL',
  'STORE_FAILED',
  'OVERLOADED',
  'TOKEN_FAILED',
  'TOKEN_ABSENT',
  'SIGNER_UNREACHABLE',
])
