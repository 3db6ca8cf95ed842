// The Debian package for arm64, on the root file system that the image is made of, emulated program by program: installed, started as
// its units start it, examined, removed.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import type { DoctorReport } from '../../src/surface/doctor/doctor-report.ts'
import { configureSite, type Installed } from '../fixtures/debian/configure-site.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'
import { NotifyListener } from '../fixtures/systemd/notify-listener.ts'

const run = promisify(execFile)
/** A start takes a minute or two when every instruction is translated. */
const readyMs = 300_000

/** @returns what was seen @throws at the first thing that is not as it should be */
export async function tryArm64Package(folder: string, rootTar: string): Promise<string> {
  const root = join(folder, 'root')
  await rm(folder, { recursive: true, force: true })
  await mkdir(root, { recursive: true })
  await run('tar', ['-C', root, '--numeric-owner', '-xf', rootTar])
  const ask = async (program: string, ...args: string[]): Promise<string> => {
    const { stdout } = await run('chroot', [root, program, ...args], {
      env: { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C.UTF-8' },
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout.trim()
  }
  const box: Installed = { root, ask }
  const { stdout } = await run(join(projectRoot, 'scripts/deb'), ['arm64'], { maxBuffer: 64 * 1024 * 1024 })
  await cp(join(projectRoot, /build\/\S+_arm64\.deb/.exec(stdout)?.[0] ?? ''), join(root, 'tram.deb'))
  const mounts = ['dev', 'proc'].map((name) => join(root, name))
  await run('mount', ['-t', 'proc', 'proc', join(root, 'proc')])
  await run('mount', ['--bind', '/dev', join(root, 'dev')])
  try {
    await ask('dpkg', '-i', '/tram.deb')
    const version = await ask('tram', '--version')
    const network = await makeLabNetwork(
      join(folder, 'lab'),
      [{ id: 'g22', name: 'Sở G22', agencyCodes: ['G22.01'] }],
      { signerCommand: bundledSigner },
    )
    await configureSite(box, network)
    const seen = await runStation(box, network)
    await ask('dpkg', '-r', 'tram')
    await ask('dpkg', '-P', 'tram')
    const left = await ask(
      'sh',
      '-c',
      'ls -d /usr/lib/tram /usr/lib/systemd/system/tram* 2>/dev/null; ls /var/lib/tram/station',
    )
    if (left.includes('/usr/lib') || !left.includes('store')) throw new Error(`after the removal there is: ${left}`)
    return `${version}: ${seen}; removed, documents left`
  } finally {
    for (const mount of mounts) await run('umount', ['--lazy', mount])
    await rm(root, { recursive: true, force: true })
  }
}

/** Both programs as their units start them, but for the sandboxes: READY, doctor, an end in good order. */
async function runStation(box: Installed, network: LabNetwork): Promise<string> {
  const pin = join(box.root, 'run/credentials/tram-signer.service/tram.pin')
  await mkdir(join(pin, '..'), { recursive: true })
  await writeFile(pin, network.stations[0]?.token.pin ?? '')
  await box.ask('chown', '-R', 'tram-signer:', '/run/credentials/tram-signer.service')
  await box.ask('install', '-d', '-o', 'tram-signer', '-g', 'tram', '-m', '0750', '/var/lib/tram/signer')
  await box.ask('install', '-d', '-o', 'tram', '-g', 'tram', '-m', '0700', '/run/tram')
  const listener = await NotifyListener.start(join(box.root, 'run/tram/notify'))
  await box.ask('chmod', '0666', '/run/tram/notify')
  const start = (user: string, program: string, env: Record<string, string>) => {
    const child = spawn(
      'chroot',
      [
        `--userspec=${user}:tram`,
        box.root,
        `/usr/lib/tram/bin/${program}`,
        ...(program === 'tram' ? ['run'] : []),
        '--config',
        '/etc/tram/tram.toml',
      ],
      {
        env: { PATH: '/usr/sbin:/usr/bin', SOFTHSM2_CONF: '/etc/tram/softhsm2.conf', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    const log: string[] = []
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => log.push(text))
    return { child, log }
  }
  const signer = start('tram-signer', 'tram-signer', {})
  const station = start('tram', 'tram', { NOTIFY_SOCKET: '/run/tram/notify' })
  try {
    const untilMs = performance.now() + readyMs
    while (!listener.heard.flat().includes('READY=1')) {
      if (station.child.exitCode !== null || performance.now() > untilMs)
        throw new Error(`not ready: ${station.log.join('').slice(-3000)} ${signer.log.join('').slice(-3000)}`)
      await delay(200)
    }
    const report = await healthy(box)
    return `READY=1, doctor ${report.overall} with ${report.checks.length} checks, none failed`
  } finally {
    for (const { child } of [station, signer]) {
      const ended = once(child, 'exit')
      if (child.exitCode === null && child.kill('SIGTERM')) await ended
    }
    await listener.stop()
  }
}

async function healthy(box: Installed): Promise<DoctorReport> {
  // It exits with 5 for warnings; a clock that nobody synchronises is one.
  const text = await box.ask('sh', '-c', 'tram doctor --json || [ $? = 5 ]')
  const report: DoctorReport = JSON.parse(text)
  const failed = report.checks.filter(({ state }) => state === 'fail')
  if (failed.length > 0) throw new Error(`tram doctor: ${JSON.stringify(failed)}`)
  return report
}
