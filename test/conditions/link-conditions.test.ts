// Every condition about peers, deliveries, the directory and the time, provoked and cleared at a lone station whose peers are played.
import { TestClock } from '../../src/base/clock.ts'
import { linkConditions } from '../../src/base/conditions/link-conditions.ts'
import { parseAgencyList } from '../../src/document/agency-list.ts'
import { DirectoryPlanCheck } from '../../src/document/directory-plan.ts'
import { parseRequestsFile } from '../../src/document/directory-requests-file.ts'
import { SendLane } from '../../src/equipment/link/credits.ts'
import { createMemoryNetworks } from '../../src/equipment/link/memory-link.ts'
import type { LinkHandler, LinkPolicy } from '../../src/equipment/link/peer-link.ts'
import { OpenDeliveries } from '../../src/exchange/send/open-deliveries.ts'
import { TrustedClock } from '../../src/exchange/time/trusted-clock.ts'
import { MemoryRecordStore } from '../contract/memory-record-store.ts'
import { PlayedRecipient } from '../fixtures/exchange/played-recipient.ts'
import { agencyEntry, dayMs, pieces, startMs } from '../fixtures/exchange/test-world.ts'
import { never, silent } from '../fixtures/store/temporary-store.ts'
import { type Lone, lone, packetOf, world } from './lone.ts'
import { provokeAndClear, type Scenarios, type Setting, type Told } from './scenario.ts'

/** Two networks in this process; `admitted` says whom both let in. */
async function networks({ after }: Setting, admitted: () => boolean) {
  const policy: LinkPolicy = {
    admitPeer: async () => admitted(),
    hello: () => ({ protocol: 1, generation: 1, directoryVersion: 1 }),
  }
  const nothing = () => undefined
  const handler: LinkHandler = { onOpen: nothing, onMessage: nothing, onData: nothing, onClose: nothing }
  const [one, two] = createMemoryNetworks(['one', 'two'].map((peerId) => ({ peerId, policy, handler })))
  if (one === undefined || two === undefined) throw new Error('two were asked for')
  for (const network of [one, two]) {
    await network.start()
    after(() => network.stop())
  }
  return { connect: () => one.connect('two', two.addresses, never), stopTwo: () => two.stop() }
}

/** A station that sends to two, with the line for `code` that it logs once `meets` has happened. */
async function sending(
  setting: Setting,
  code: string,
  meets: (played: PlayedRecipient, one: Lone) => Promise<unknown>,
) {
  const one = await lone(setting)
  const { station } = one
  await station.startSealing()
  await station.startCarrying()
  const two = await PlayedRecipient.connect(station, 'two')
  let number = 0
  const run = async (act: () => Promise<unknown>): Promise<Told | undefined> => {
    const before = one.logged(code).length
    await station.submit(packetOf(`Giấy mời ${++number}`))
    await act()
    return one.logged(code)[before]
  }
  return {
    happens: () =>
      run(async () => {
        await meets(two, one)
        while (one.logged(code).length === 0) await new Promise(setImmediate)
      }),
    again: () => run(() => two.take()),
  }
}

const directoryFile = async (version: number, changes: { expires?: number; codes?: string[] } = {}) => {
  const made = await world()
  const more = (changes.codes ?? []).map((code) => ({ agency: agencyEntry(code, 'two') }))
  return made.directoryFile({ version, entries: made.entries(more), expires: changes.expires })
}

provokeAndClear(linkConditions, {
  LINK_CLOSED: async (setting) => {
    const { connect } = await networks(setting, () => true)
    return {
      happens: async () => {
        const link = await connect()
        await link.close('for the test')
        return link.closed.reason
      },
      again: async () => (await connect()).closed.reason,
    }
  },
  LINK_PROTOCOL_VIOLATION: () => ({
    happens: () => new SendLane('peer', 10).grant(0),
    again: () => new SendLane('peer', 10).grant(1),
  }),
  PEER_NOT_ADMITTED: async (setting) => {
    let isListed = false
    const { connect } = await networks(setting, () => isListed)
    return {
      wrong: connect,
      right: async () => {
        isListed = true
        await connect()
      },
    }
  },
  PEER_UNREACHABLE: async (setting) => {
    const { station, listed } = await lone(setting)
    return {
      begin: async () => {
        await station.submit(packetOf('Giấy mời'))
        await station.startSealing()
        await station.until(async () => ((await station.keys('queue')).length > 0 ? true : undefined))
        station.clock.advance(120_000)
      },
      listed,
      end: () => station.link('two'),
    }
  },
  DELIVERY_REFUSED: (setting) => sending(setting, 'DELIVERY_REFUSED', (two) => two.take({ refused: ['H02'] })),
  DELIVERY_EXPIRED: (setting) =>
    sending(setting, 'DELIVERY_EXPIRED', async (two, { station }) => {
      await two.nextOffer()
      station.clock.advance(30 * dayMs)
      await two.reconnect()
    }),
  DEADLINE_MISSED: async (setting) => {
    const { station, listed } = await lone(setting)
    await station.submit(packetOf('Giấy mời'))
    const deliveries = new OpenDeliveries(station)
    return {
      begin: () => station.clock.advance(5 * dayMs),
      listed,
      end: async () => {
        const [open] = (await deliveries.list({ station: null, after: null, limit: 1 })).deliveries
        await station.outbox.expire(open?.waybill ?? '', 'two')
      },
    }
  },
  DELIVERY_TEMPORARY: (setting) =>
    sending(setting, 'DELIVERY_TEMPORARY', async (two) => {
      const { transfer } = await two.nextOffer()
      two.says({ temporary: { transfer, code: 'DISK_FULL', retryAfterMs: 60_000, reseal: false } })
    }),
  DIRECTORY_MISSING: async (setting) => {
    const { station, listed } = await lone(setting, { entries: null })
    return { listed, end: () => station.useDirectory(1, station.world.entries()) }
  },
  DIRECTORY_INVALID: async (setting) => {
    const { directory } = (await lone(setting)).station
    const file = await directoryFile(2)
    return {
      wrong: () => directory.import(pieces(file.subarray(0, -1), 4096)),
      right: () => directory.import(pieces(file, 4096)),
    }
  },
  DIRECTORY_PLAN_INVALID: async () => {
    const plan = (...codes: string[]) => {
      const check = new DirectoryPlanCheck([], { version: 1, adoptFromDescriptors: false })
      for (const code of codes) check.agency(agencyEntry(code, ''))
      check.end()
    }
    return { wrong: () => plan('H01', 'H01'), right: () => plan('H01', 'H02') }
  },
  AGENCY_LIST_INVALID: () => ({
    wrong: () => parseAgencyList(Buffer.from('code,tên\nH01,UBND\n')),
    right: () => parseAgencyList(Buffer.from('code,name\nH01,UBND\n')),
  }),
  DIRECTORY_REQUESTS_INVALID: async (setting) => {
    const { station } = await lone(setting)
    const file = Buffer.from(JSON.stringify(await station.requests.export()))
    return { wrong: () => parseRequestsFile(file.subarray(1)), right: () => parseRequestsFile(file) }
  },
  DIRECTORY_OLDER: async (setting) => {
    const { station } = await lone(setting)
    const use = async (version: number) => void (await station.useDirectory(version, station.world.entries()))
    await use(3)
    return { wrong: () => use(2), right: () => use(4) }
  },
  DIRECTORY_REPLACED: async (setting) => {
    const { directory } = (await lone(setting)).station
    const codes = Array.from({ length: 2000 }, (_, at) => `N${String(at).padStart(5, '0')}`)
    await directory.import(pieces(await directoryFile(2, { codes }), 64 * 1024))
    const read = async (meanwhile: () => Promise<unknown>) => {
      const agencies = directory.agencies()
      await agencies.next()
      await meanwhile()
      for await (const _ of agencies);
    }
    const next = await directoryFile(3, { codes })
    return {
      wrong: () => read(() => directory.import(pieces(next, 64 * 1024))),
      right: () => read(async () => undefined),
    }
  },
  DIRECTORY_FORKED: async (setting) => {
    const { station, listed } = await lone(setting)
    const other = await directoryFile(1, { codes: ['H03'] })
    return {
      begin: () => station.directory.import(pieces(other, 4096)).catch(() => undefined),
      listed,
      end: () => station.useDirectory(2, station.world.entries()),
    }
  },
  DIRECTORY_EXPIRING: async (setting) => {
    const { station, listed } = await lone(setting)
    await station.directory.import(pieces(await directoryFile(2, { expires: startMs + 20 * dayMs }), 4096))
    return {
      begin: () => station.clock.advance(10 * dayMs),
      listed,
      end: () => station.useDirectory(3, station.world.entries()),
    }
  },
  DIRECTORY_EXPIRED: async (setting) => {
    const { station, listed } = await lone(setting)
    await station.directory.import(pieces(await directoryFile(2, { expires: startMs + dayMs }), 4096))
    return {
      begin: () => station.clock.advance(2 * dayMs),
      listed,
      end: () => station.useDirectory(3, station.world.entries()),
    }
  },
  CLOCK_UNTRUSTED: async (setting) => {
    const system = new TestClock(startMs)
    const deps = { system, records: new MemoryRecordStore(), logger: silent, synchronisation: () => 'unknown' as const }
    const clock = new TrustedClock(deps)
    await clock.start()
    setting.after(() => clock.stop())
    const { listed } = await lone(setting, { health: { clock } })
    return { begin: () => system.jump(startMs + 700 * dayMs), listed, end: () => system.jump(startMs) }
  },
} satisfies Scenarios<typeof linkConditions>)
