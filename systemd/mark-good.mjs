// Marks the slot that has booted as good when the station itself is well: token there, a signature verified, store open, disk
// written, clock trusted. Nothing that a network decides: a slot must not fall for a line that is down. For tram-mark-good.service.
//   mark-good.mjs TRAM RAUC [WAIT_SECONDS]
import { spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'

/** Lines of `tram selftest --json` that count, by check. */
const needed = ['configuration', 'platform', 'data', 'disk', 'store', 'module', 'token', 'certificate', 'trust', 'storage', 'seal']
/** Of the running station's own conditions only these: others may be about peers, documents or the network. */
const forbidden = ['STATION_NOT_RUNNING', 'STATION_SOCKET_DENIED', 'CLOCK_UNTRUSTED', 'CHECK_UNFINISHED']
const everyMs = 5000

const [tram, rauc, waitSeconds = '840'] = process.argv.slice(2)
const untilMs = performance.now() + Number(waitSeconds) * 1000

/** Why the station is not well; empty when it is. */
function reasons() {
  const { stdout, error } = spawnSync(tram, ['selftest', '--config', '/etc/tram/tram.toml', '--json'], {
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
  const missing = needed.filter((name) => !checks.some(({ check }) => check === name))
  const bad = checks.filter(({ check, state, code }) =>
    needed.includes(check) ? state === 'fail' : check === 'station' && forbidden.includes(code),
  )
  return [...missing.map((name) => `${name}: not tried`), ...bad.map(({ check, code }) => `${check}: ${code}`)]
}

let found = reasons()
while (found.length > 0 && performance.now() < untilMs) {
  console.log(`waiting: ${found.join(', ')}`)
  await pause(everyMs)
  found = reasons()
}
if (found.length > 0) {
  console.error(`this slot is not committed: ${found.join(', ')}`)
  process.exit(1)
}
const { status, stderr } = spawnSync(rauc, ['status', 'mark-good'], { encoding: 'utf8' })
if (status !== 0) console.error(stderr)
else console.log('this slot is committed')
process.exit(status ?? 1)
