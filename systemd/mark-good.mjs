// Marks the slot that has booted as good. A slot on trial (an update, not proven yet) is good when the station itself is well: token
// there, a signature verified, store open, disk written, clock not below its bound. Nothing that a network decides: a slot must not fall
// for a line that is down. One that has proven itself with this version before only has to run: a token that is pulled out today is no
// reason to fall back to an older version, and without the mark the boot loader's attempts would run out.
// Without a configuration there is no station to be well: then a slot that is not on trial is marked for the boot loader, and nothing is
// recorded as proven. It is started again when a configuration comes.
//   mark-good.mjs TRAM RAUC [WAIT_SECONDS [RECORDS [CMDLINE [CONFIG]]]]
// Exit code 1: a slot on trial that did not get well in time; tram-fall-back.service then restarts the box, until the boot loader has no
// attempts left for it. Without a trial there is no other slot that is known to be good: it goes on trying, for ever.
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, fchmodSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** Lines of `tram selftest --json` that count, by check. */
const needed = ['configuration', 'platform', 'data', 'disk', 'store', 'module', 'token', 'certificate', 'trust', 'storage', 'seal']
/** Of the running station's own conditions only these: others may be about peers, documents or the network. */
const forbidden = ['STATION_NOT_RUNNING', 'STATION_SOCKET_DENIED', 'CLOCK_UNTRUSTED', 'CHECK_UNFINISHED']
/** Of a slot that has proven itself: it runs. */
const down = ['STATION_NOT_RUNNING', 'STATION_SOCKET_DENIED', 'CHECK_UNFINISHED']
/** A look runs the whole self-test, which writes to the disk: a box that waits for days, for its certificate or its PIN, must not do that all the time. */
const firstPauseMs = 10_000
const longestPauseMs = { onTrial: 20_000, else: 300_000 }

const [tram, rauc, waitSeconds = '840', records = '/var/lib/tram/update', cmdline = '/proc/cmdline', config = '/etc/tram/tram.toml'] =
  process.argv.slice(2)
const untilMs = performance.now() + Number(waitSeconds) * 1000
const slot = /(?:^|\s)rauc\.slot=([\w.-]{1,16})(?=\s|$)/.exec(readFileSync(cmdline, 'utf8'))?.[1]
if (slot === undefined) throw new Error('this machine has no slots')
const version = spawnSync(tram, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? ''
const goodFile = join(records, 'good.json')
const trialFile = join(records, 'trial')

/** The file's text; undefined when there is none. */
function textOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The versions that slots have proven themselves with; none when the record is damaged. */
function goodSlots() {
  try {
    const good = JSON.parse(textOf(goodFile) ?? '{}')
    return typeof good === 'object' && good !== null && !Array.isArray(good) ? good : {}
  } catch {
    return {}
  }
}

/** Why the station is not well; empty when it is. */
function reasons(isProven) {
  const { stdout, error } = spawnSync(tram, ['selftest', '--config', config, '--json'], {
    encoding: 'utf8',
    maxBuffer: 4 * 1024 * 1024,
    timeout: 120_000,
  })
  if (error !== undefined) return [error.message]
  let checks
  try {
    checks = JSON.parse(stdout).checks
  } catch {
    return ['no report']
  }
  if (isProven) {
    const station = checks.filter(({ check }) => check === 'station')
    return station.length === 0 ? ['station: not tried'] : station.map(({ code }) => code).filter((code) => down.includes(code))
  }
  const missing = needed.filter((name) => !checks.some(({ check }) => check === name))
  const bad = checks.filter(({ check, state, code }) =>
    needed.includes(check) ? state === 'fail' : check === 'station' && forbidden.includes(code),
  )
  return [...missing.map((name) => `${name}: not tried`), ...bad.map(({ check, code }) => `${check}: ${code}`)]
}

/** On the disk when it returns: a slot that has been marked must not be on trial again after a power cut. */
function writeGood(good) {
  mkdirSync(records, { recursive: true, mode: 0o755 })
  const file = openSync(`${goodFile}.new`, 'w', 0o644)
  // The station reads it, whatever the umask.
  fchmodSync(file, 0o644)
  writeSync(file, JSON.stringify(good))
  fsyncSync(file)
  closeSync(file)
  renameSync(`${goodFile}.new`, goodFile)
  const folder = openSync(dirname(goodFile), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

const isProven = goodSlots()[slot] === version
const isOnTrial = !isProven && textOf(trialFile)?.trim() === `rauc.slot=${slot}`
/** Whether there is something to wait for. */
const isTried = isOnTrial || existsSync(config)
// Software that cannot even say what it is does not get well by waiting.
if (isOnTrial && version === '') {
  console.error('this slot is not committed: its programs do not run')
  process.exit(1)
}
let told = ''
let pauseMs = firstPauseMs
while (isTried) {
  const found = reasons(isProven)
  if (found.length === 0) break
  if (isOnTrial && performance.now() >= untilMs) {
    console.error(`this slot is not committed: ${found.join(', ')}`)
    process.exit(1)
  }
  // Each time something else is in the way, not each time.
  if (found.join() !== told) console.log(`waiting: ${found.join(', ')}`)
  told = found.join()
  await pause(pauseMs)
  pauseMs = Math.min(pauseMs * 2, isOnTrial ? longestPauseMs.onTrial : longestPauseMs.else)
}
const { status, stderr, error } = spawnSync(rauc, ['status', 'mark-good'], { encoding: 'utf8' })
if (status !== 0) {
  console.error(error?.message ?? stderr)
  process.exit(2)
}
if (isTried && !isProven) writeGood({ ...goodSlots(), [slot]: version })
// Another one's may have begun meanwhile: an update that is being installed.
if (isOnTrial) rmSync(trialFile, { force: true })
if (!isTried) console.log('this slot is good as long as there is no configuration')
else console.log(isProven ? 'this slot is good, as before' : 'this slot is committed')
