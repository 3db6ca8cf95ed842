// Every condition that a backend, the command line or the configuration meets, provoked and cleared.
import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { backendConditions } from '../../src/base/conditions/backend-conditions.ts'
import { TramError } from '../../src/base/errors.ts'
import { parseConfig } from '../../src/config.ts'
import { runCommand } from '../../src/console.ts'
import { type AgencyChange, parseAgencyChange } from '../../src/document/agency-change.ts'
import { leafHash, MerkleTree } from '../../src/document/merkle.ts'
import { AuditLog } from '../../src/exchange/evidence/audit-log.ts'
import { ConditionWatch } from '../../src/exchange/health/condition-watch.ts'
import type { HealthEvent } from '../../src/exchange/health/event-outbox.ts'
import type { HealthReport } from '../../src/exchange/health/station-health.ts'
import { ApiClient } from '../../src/surface/cli/api-client.ts'
import { BackendRegister } from '../../src/surface/vxp/vxp-backends.ts'
import { verifyRequest } from '../../src/surface/vxp/vxp-request.ts'
import { MemoryRecordStore } from '../contract/memory-record-store.ts'
import { never, silent } from '../fixtures/store/temporary-store.ts'
import { VxpKit } from '../fixtures/vxp-kit/vxp-kit.ts'
import { lone, offerFrom, packetOf } from './lone.ts'
import { provokeAndClear, type Scenarios, type Setting } from './scenario.ts'

const own = { systemid: 'qlvb-one', agencies: ['H01'] }
const wish = (code: string): AgencyChange => ({
  ...{ kind: 'register', code, parent: 'H01', name: `Sở ${code}`, mail: '', mobile: '', fax: '' },
})

const configText = `[station]
id = "one"
name = "Trạm một"
data_folder = "data"
[token]
module = "libsofthsm2.so"
label = "one"
key_id = "01"
[trust]
anchors = ["root.pem"]
authority_certificates = ["authority.pem"]
`

/** What `tram` says of the socket of a station that answers. */
async function socketOf({
  folder,
  after,
}: Setting): Promise<{ path: string; ask: (path: string) => Promise<unknown> }> {
  const path = join(folder, 'api.sock')
  const server = createServer((_request, response) => response.end('{}')).listen(path)
  after(() => server.close())
  await once(server, 'listening')
  await chmod(folder, 0o755)
  return { path, ask: (socket) => new ApiClient(socket, never).ask({ path: 'health' }) }
}

/** `act` as a user who may not open what is ours alone: root may open everything. */
async function asNobody<Result>(act: () => Promise<Result>): Promise<Result> {
  if (process.getuid?.() !== 0) return act()
  process.seteuid?.('nobody')
  try {
    return await act()
  } finally {
    process.seteuid?.(0)
  }
}

provokeAndClear(backendConditions, {
  CREDENTIALS_REFUSED: () => {
    const now = new Date(Date.UTC(2026, 10, 21))
    const register = new BackendRegister([{ backend: own, secret: 'khoá', allows: () => true, trusts: () => true }])
    const call = (secret: string) => {
      const kit = new VxpKit({ endpoint: 'http://127.0.0.1:1/tram', systemid: own.systemid, secret, now })
      const { headers } = kit.prepare('getReceivedEdocList', {})
      return verifyRequest({ rawHeaders: headers.flat(), sourceAddress: '127.0.0.1' }, register, now.getTime(), 1000)
    }
    return { wrong: () => call('sai'), right: () => call('khoá') }
  },
  SENDER_NOT_ALLOWED: async (setting) => {
    const { station } = await lone(setting)
    return {
      wrong: () => station.submit(packetOf('Giấy mời', 'H02')),
      right: () => station.submit(packetOf('Giấy mời')),
    }
  },
  SENDER_MISMATCH: async (setting) => {
    const { station } = await lone(setting)
    const backend = { systemid: 'qlvb-one', agencies: ['H01', 'H01.1'] }
    const send = (from: string) => station.submit(packetOf('Giấy mời'), { backend, from })
    return { wrong: () => send('H01.1'), right: () => send('H01') }
  },
  RECIPIENT_UNKNOWN: async (setting) => {
    const { station } = await lone(setting)
    return {
      wrong: () => station.submit(packetOf('Giấy mời', 'H01', 'H99')),
      right: () => station.submit(packetOf('Giấy mời')),
    }
  },
  AGENCY_NOT_OWN: async (setting) => {
    const { station } = await lone(setting)
    return {
      wrong: () => station.desk.changeAgency(own, { ...wish('H02.1'), parent: 'H02' }),
      right: () => station.desk.changeAgency(own, wish('H01.5')),
    }
  },
  AGENCY_CHANGE_REFUSED: async (setting) => {
    const { station } = await lone(setting)
    const { requestId } = await station.desk.changeAgency(own, wish('H01.5'))
    await station.requests.refuse(requestId, 'tên chưa đúng')
    return {
      wrong: () => station.desk.changeAgency(own, wish('H01.5')),
      right: () => station.desk.changeAgency(own, { ...wish('H01.5'), name: 'Sở Tài chính' }),
    }
  },
  REQUEST_INVALID: () => ({
    wrong: () => parseAgencyChange({ ...wish('H01.5'), name: '' }),
    right: () => parseAgencyChange(wish('H01.5')),
  }),
  DOCUMENT_UNKNOWN: async (setting) => {
    const { station } = await lone(setting)
    const link = await station.link('two')
    await station.deliver(link, await offerFrom(packetOf('Giấy mời', 'H02', 'H01')))
    const [item = ''] = (await station.keys('item')).map((name) => name.slice('item:'.length))
    return { wrong: () => station.inbox.item(own, 'khong-co'), right: () => station.inbox.item(own, item) }
  },
  INTAKE_CLOSED: async (setting) => {
    const { station } = await lone(setting)
    const send = () => station.submit(packetOf('Giấy mời'))
    station.intake.close('recovery', new TramError('INTAKE_CLOSED', { detail: 'đang khôi phục' }))
    return {
      wrong: send,
      right: () => {
        station.intake.open('recovery')
        return send()
      },
    }
  },
  CONFIG_INVALID: () => ({
    wrong: () => parseConfig(`${configText}anchor = "root.pem"\n`, 'tram.toml'),
    right: () => parseConfig(configText, 'tram.toml'),
  }),
  STATION_NOT_RUNNING: async (setting) => {
    const { path, ask } = await socketOf(setting)
    return { wrong: () => ask(`${path}.other`), right: () => ask(path) }
  },
  STATION_SOCKET_DENIED: async (setting) => {
    const { path, ask } = await socketOf(setting)
    await chmod(path, 0)
    return {
      wrong: () => asNobody(() => ask(path)),
      right: async () => {
        await chmod(path, 0o666)
        return asNobody(() => ask(path))
      },
    }
  },
  OVERLOADED: async (setting) => {
    const { station } = await lone(setting)
    const first = await station.desk.changeAgency(own, wish('H01.5.0'))
    const more = async () => {
      for (let at = 1; at <= 1000; at++) await station.desk.changeAgency(own, wish(`H01.5.${at}`))
    }
    return {
      wrong: more,
      right: async () => {
        await station.requests.refuse(first.requestId, 'thôi')
        return station.desk.changeAgency(own, wish('H01.5.2000'))
      },
    }
  },
  STATION_STARTED: async (setting) => {
    const records = new MemoryRecordStore()
    const audit = new AuditLog(records, systemClock, silent)
    await audit.start()
    const told: HealthEvent[] = []
    const watch = new ConditionWatch({
      report: async () => ({ now: 0, conditions: [], store: { state: 'ok' } }) as unknown as HealthReport,
      tell: async (events) => void told.push(...events),
      ...{ records, audit, clock: systemClock, logger: silent, version: '1' },
    })
    setting.after(() => watch.stop())
    return {
      happens: async () => {
        await watch.start()
        while (told.length === 0) await new Promise(setImmediate)
        return new TramError('STATION_STARTED', { version: String(told[0]?.data.version) })
      },
      again: async () => {
        watch.wake()
        await watch.current()
        return told[1]
      },
    }
  },
  COMMAND_FAILED: () => ({ wrong: () => runCommand(['false'], never), right: () => runCommand(['true'], never) }),
  INTERNAL: () => ({
    happens: () => new MerkleTree([Buffer.alloc(3)]).root,
    again: () => new MerkleTree([leafHash('waybill', Buffer.alloc(3))]).root,
  }),
} satisfies Scenarios<typeof backendConditions>)
