// A service console on a line in memory, and the technician before it: types a line, reads what comes until the next question.
import { setTimeout as sleep } from 'node:timers/promises'
import { TestClock } from '../../../../src/base/clock.ts'
import { TramError } from '../../../../src/base/errors.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import type { HealthReport } from '../../../../src/exchange/health/station-health.ts'
import type {
  ConsoleActions,
  SettingsChange,
  StationSettings,
} from '../../../../src/surface/console/console-actions.ts'
import { ServiceConsole, type ServiceConsoleOptions } from '../../../../src/surface/console/service-console.ts'
import { MemorySerialLine } from '../../../contract/memory-serial-line.ts'

export const healthyReport: HealthReport = {
  station: 'h41',
  version: '0',
  generation: 1,
  now: 0,
  readySince: 0,
  overall: 'ok',
  token: {
    ...{ state: 'needs-pin', detail: '', label: 'h41', serial: '1', scheme: null, certificateSha256: 'ab'.repeat(32) },
    ...{ pinCountLow: false, pinFinalTry: false, certificateExpires: null },
  },
  sealing: { trouble: null, waybills: 0, receipts: 0, oldestAt: null },
  queues: [{ station: 'g22', depth: 3, oldestAt: 0, inFlight: 0, connected: true }],
  oldestByUrgency: { hoaToc: null, thuongKhan: null, khan: null, thuong: 0 },
  overdue: { count: 0, station: null, oldestAt: null },
  peers: { connected: 1, known: 2 },
  directory: { version: 7, issued: 0, expires: 0, expired: false },
  disk: {
    ...{ freeBytes: 5 * 1024 * 1024, reservedBytes: 0, watermarkBytes: 0 },
    ...{ open: true, ballast: true, fullInDays: null },
  },
  store: { state: 'ok', detail: '' },
  conditions: [],
}

/** What a test may look at and change. */
export class ConsoleBench {
  readonly line = new MemorySerialLine()
  readonly clock = new TestClock()
  /** What was done, in order. */
  readonly done: string[] = []
  report: HealthReport = healthyReport
  rightPin = '246810'
  fingerprint: string | undefined
  settings: StationSettings = { name: 'Trạm cũ', backends: [{ systemid: 'qlvb', agencies: ['H41'] }] }
  readonly changes: SettingsChange[] = []
  readonly actions: ConsoleActions = {
    title: async () => 'h41 - UBND tỉnh Nghệ An',
    health: async () => this.report,
    fingerprint: () => this.fingerprint,
    network: async (language) => `eth0 (${language})`,
    fingerprints: async () => ({
      ...{
        version: '1.2.3',
        station: 'h41',
        fingerprint: 'ABCD-EFGH-IJKL',
        peerId: '12D3',
        certificateSha256: 'ab'.repeat(32),
      },
    }),
    enterPin: async (pin) => {
      this.done.push('pin')
      if (pin !== this.rightPin) throw new TramError('TOKEN_PIN_LATCHED', { token: 'h41', reason: 'wrong' })
      this.report = { ...this.report, token: { ...this.report.token, state: 'ready' } }
      return this.report.token
    },
    settings: {
      read: async () => this.settings,
      change: async (change) => {
        this.changes.push(change)
      },
    },
  }
  readonly console: ServiceConsole
  #seen = 0

  constructor(options: Partial<ServiceConsoleOptions> = {}) {
    this.console = new ServiceConsole(
      { language: 'vi', idleMs: 60_000, quietMs: 20, version: '1.2.3', ...options },
      { line: this.line, actions: this.actions, clock: this.clock, logger: createLogger('silent') },
    )
  }

  /** All that the technician has seen. */
  get screen(): string {
    return this.line.written.toString('utf8')
  }

  async plugIn(): Promise<void> {
    await this.console.start()
    this.line.plug()
    await this.until('Press Enter')
  }

  /** Resolves with what came since the last call when it holds `text`. */
  async until(text: string): Promise<string> {
    for (let tries = 0; tries < 2000; tries += 1) {
      if (this.screen.slice(this.#seen).includes(text)) {
        // What came with it, too.
        await sleep(2)
        const all = this.screen.slice(this.#seen)
        this.#seen += all.length
        return all
      }
      await sleep(2)
    }
    throw new Error(`never came: ${text}\n${this.screen.slice(this.#seen)}`)
  }

  /** Types a line and reads until `question` comes. */
  async type(line: string, question: string): Promise<string> {
    this.line.say(`${line}\r`)
    return await this.until(question)
  }

  /** From the greeting into the menu. */
  async enter(): Promise<string> {
    return await this.type('', 'danh mục): ')
  }
}
