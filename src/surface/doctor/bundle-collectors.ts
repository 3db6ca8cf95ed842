// The collectors of a support bundle: each gives one text, within its deadline and size. What a program or the kernel prints is of a
// known kind; everything else goes through bundle-masking.ts.
import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { hostname, networkInterfaces, release, type, uptime } from 'node:os'
import { dirname, join } from 'node:path'
import { isSystemError } from '../../base/errors.ts'
import { dataPaths } from '../../base/paths.ts'
import { parseSlot } from '../../equipment/rauc/update-records.ts'
import { readStart } from './bounded-file.ts'
import { shownLogLine, shownOf } from './bundle-masking.ts'
import { runDoctor } from './doctor.ts'
import type { BundleSite } from './doctor-site.ts'

/** Gives the text of one member. Throws what goes wrong: that becomes the member. */
export type Collector = (site: BundleSite, signal: AbortSignal) => Promise<string>

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

const maxOutputBytes = 4 * 1024 * 1024
const maxLogLines = 20_000
const maxProcBytes = 256 * 1024
/** Entries of a folder tree that are counted. */
const maxEntries = 200_000

export const collectors: Readonly<Record<string, Collector>> = {
  'doctor.json': async (site, signal) => json(shownOf(await runDoctor(site, { isNetworkAsked: true }, signal))),
  'health.json': async (site) => json(shownOf(await site.health())),
  'configuration.json': async (site) => {
    const { file: _, ...sections } = await site.config()
    return json(shownOf(sections))
  },
  'versions.json': async (site) => {
    const osRelease = (await readStart('/etc/os-release', 4096)).toString('utf8')
    const system = /^PRETTY_NAME="([\w ./()-]{1,80})"$/m.exec(osRelease)?.[1] ?? null
    const programs = process.versions
    const slot = parseSlot((await readStart('/proc/cmdline', 4096)).toString('latin1')) ?? null
    return json({
      tram: site.version,
      slot,
      system,
      kernel: `${type()} ${release()}`,
      uptimeSeconds: uptime(),
      programs,
    })
  },
  'audit.json': async (site) =>
    json((await site.auditTail()).map(({ sequence, timeMs, act }) => ({ sequence, timeMs, ...actOf(act) }))),
  'store.json': async (site, signal) => {
    const { store, packets, incoming, quarantine, directory } = dataPaths((await site.config()).station.data_folder)
    const folders = { store, packets, incoming, quarantine, directory }
    const counts = Object.entries(folders).map(async ([name, folder]) => [name, await countFiles(folder, signal)])
    return json(Object.fromEntries(await Promise.all(counts)))
  },
  'log.jsonl': async (_site, signal) => {
    const isOurs = await ownMessages()
    // Backwards, so that what is cut off beyond the bound is the oldest.
    const text = await output(
      'journalctl',
      ['-u', 'tram*', '-r', '-n', String(maxLogLines), '-o', 'cat', '--no-pager'],
      signal,
    )
    const lines = text.trimEnd().split('\n').slice(0, maxLogLines).reverse()
    return `${lines.map((line) => shownLogLine(line, isOurs)).join('\n')}\n`
  },
  'units.txt': (_site, signal) => {
    const properties =
      'Id,LoadState,ActiveState,SubState,Result,NRestarts,MainPID,ExecMainCode,ExecMainStatus,MemoryCurrent,MemoryPeak'
    return output('systemctl', ['show', 'tram*.service', '-p', properties, '--no-pager'], signal)
  },
  'clock.txt': async (_site, signal) =>
    `${await output('chronyc', ['-n', 'tracking'], signal)}\n${await output('chronyc', ['-n', 'sources'], signal)}`,
  'kernel.txt': async (_site, signal) =>
    (await output('dmesg', ['--ctime', '--nopager'], signal)).split('\n').slice(-500).join('\n'),
  'network.json': async () => {
    const addresses = Object.entries(networkInterfaces()).map(([name, found]) => [
      name,
      (found ?? []).map(({ cidr, internal }) => ({ cidr, internal })),
    ])
    return json({ hostname: hostname(), addresses: Object.fromEntries(addresses) })
  },
  'box.json': async (site) => json(shownOf(await site.box())),
  'proc.txt': async () => {
    const names = ['meminfo', 'loadavg', 'diskstats', 'net/dev', 'pressure/cpu', 'pressure/io', 'pressure/memory']
    const texts = names.map(async (name) => {
      const text = await readStart(`/proc/${name}`, maxProcBytes).catch((error: unknown) => errnoOf(error))
      return `== ${name}\n${text.toString('latin1')}`
    })
    return (await Promise.all(texts)).join('\n')
  },
}

/** Members that hold what a program prints, as it is. */
export const ofPrograms: ReadonlySet<string> = new Set(['units.txt', 'clock.txt', 'kernel.txt'])

const actOf = (act: string): { act?: string } => (/^[a-z-]{1,40}$/.test(act) ? { act } : {})

/** What may be told of an error: the system's name for it, never its text. */
export function errnoOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^[A-Z][A-Z0-9_]{1,39}$/.test(code) ? code : 'failed'
}

/** What a program prints, at most so much of it. @throws when it is not there or ends with an error and nothing printed */
function output(program: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const options = { signal, maxBuffer: maxOutputBytes, killSignal: 'SIGKILL' } as const
  execFile(program, args, options, (error, stdout) => {
    if (error !== null && stdout === '') reject(error)
    else resolve(stdout)
  })
  return promise
}

/** Files and bytes by kind; never a name. */
async function countFiles(
  folder: string,
  signal: AbortSignal,
): Promise<Record<string, { files: number; bytes: number }>> {
  const counts: Record<string, { files: number; bytes: number }> = {}
  let seen = 0
  const visit = async (path: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      signal.throwIfAborted()
      seen += 1
      if (seen > maxEntries) return
      const inner = join(path, entry.name)
      if (entry.isDirectory()) await visit(inner)
      else if (entry.isFile()) {
        const kind = /\.(log|ldb|sst|tmp|open|torn|tramdir)$/.exec(entry.name)?.[1] ?? 'other'
        counts[kind] ??= { files: 0, bytes: 0 }
        counts[kind].files += 1
        counts[kind].bytes += (await stat(inner)).size
      }
    }
  }
  await visit(folder).catch((error: unknown) => {
    if (!isSystemError(error, 'ENOENT')) throw error
  })
  return counts
}

/** Whether a message stands in our programs: in the bundles beside this one, where all of them are. */
async function ownMessages(): Promise<(message: string) => boolean> {
  const folder = dirname(import.meta.filename)
  const files = (await readdir(folder)).filter((name) => name.endsWith('.mjs'))
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'latin1')))
  return (message) => {
    const quoted = JSON.stringify(message)
    return message.length <= 200 && texts.some((text) => text.includes(quoted))
  }
}
