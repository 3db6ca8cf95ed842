// Steps with two boxes that are enrolled: they exchange, are updated, frozen, and lose their power.
// Long because: one list of what a box must bear, each with what is seen of it.
import { writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from './bench.ts'
import type { Box, Sending } from './box.ts'
import { tryArm64Package } from './deb-arm64.ts'
import type { Step } from './progress.ts'
import { Stick } from './stick.ts'

/** The disks that these steps start from when they are not run right after one another. */
export const enrolled = 'enrol'
const updated = 'update'
/** A slot is written block by block, by an emulated processor. */
const installMs = 600_000
/** A new slot proves itself within this, or falls back. */
const trialMs = 1_200_000

export const runningSteps: readonly Step<Bench>[] = [
  {
    name: 'exchange',
    claim: 'two boxes exchange sealed documents, with receipts, follow the time server and report to the broker',
    async run(bench) {
      await bench.runningSince(enrolled)
      const there = await exchanged(bench, bench.a, bench.b, 3)
      const back = await exchanged(bench, bench.b, bench.a, 3)
      const versions = []
      for (const box of bench.boxes) {
        await box.machine.until("chronyc -n tracking | grep -q 'Leap status *: Normal'")
        versions.push(`${box.office.id} ${(await reported(bench, box)).version}`)
      }
      return `${there + back} documents byte for byte, receipted; at the broker: ${versions.join(', ')}`
    },
  },
  {
    name: 'console',
    claim: 'the service console on the serial line knows the box, its network and its slots',
    async run(bench) {
      await bench.runningSince(enrolled)
      const { machine, office } = bench.a
      const from = machine.serial.length
      const type = async (line: string): Promise<string> => {
        const before = machine.serial.length
        machine.type(`${line}\r`)
        await machine.onSerial(/Chọn \(Enter: danh mục\): $/, before)
        return machine.serial.slice(before)
      }
      const greeting = await type('')
      if (!greeting.includes(office.name)) throw new Error(greeting)
      const network = await type('2')
      if (!network.includes(office.address)) throw new Error(network)
      const slots = await type('12')
      if (!slots.includes(bench.products.version)) throw new Error(slots)
      await type('1')
      // For the documents: what a technician sees.
      const screen = `${bench.folder}/console.txt`
      await writeFile(screen, machine.serial.slice(from).replaceAll('\r', ''))
      return screen
    },
  },
  {
    name: 'refuse',
    claim:
      'a bundle that was tampered with, signed by a stranger, or older, changes nothing, and only root reaches RAUC',
    async run(bench) {
      await bench.runningSince(enrolled)
      const { machine } = bench.a
      const { tampered, wrongKey, older } = bench.products.bundles
      const seen = []
      for (const [file, expected] of [
        [tampered, /UPDATE_FAILED/],
        [wrongKey, /UPDATE_\w+/],
        [older, /UPDATE_\w+/],
      ] as const) {
        const outcome = await installFromStick(bench, bench.a, file)
        if (outcome.code === 0 || !expected.test(outcome.out))
          throw new Error(`${file}: ${outcome.code}: ${outcome.out}`)
        seen.push(expected.exec(outcome.out)?.[0])
      }
      // Nor does the station's user get round the look at the version.
      const call = 'busctl call de.pengutronix.rauc / de.pengutronix.rauc.Installer GetPrimary'
      await machine.ask(call)
      const asTram = await machine.run(`setpriv --reuid=tram --regid=tram --clear-groups ${call}`)
      if (asTram.code === 0 || !/denied/i.test(asTram.out)) throw new Error(`tram reaches RAUC: ${asTram.out}`)
      const { version } = bench.products
      const running = await machine.ask('tram --version')
      if (running !== version) throw new Error(`${running} runs now`)
      return `${seen.join(', ')}; ${running} runs on`
    },
  },
  {
    name: 'cut-update',
    claim:
      'a power cut while an update is written leaves the old software running, and a stick brings the update again',
    async run(bench) {
      await bench.runningSince(enrolled)
      const { b } = bench
      const { version, bundles } = bench.products
      await mountFile(bench, b, bundles.next, 'update.raucb')
      await b.machine.ask(`${install} >/run/bench.log 2>&1 &`)
      const operation = 'busctl get-property de.pengutronix.rauc / de.pengutronix.rauc.Installer Operation'
      await b.machine.until(`${operation} | grep -q installing`)
      await delay(15_000)
      await b.machine.ask(`${operation} | grep -q installing`)
      await b.machine.cutPower()
      await b.start()
      await b.serving()
      const running = await b.machine.ask('tram --version; cat /proc/cmdline')
      if (!running.includes(version) || !running.includes('rauc.slot=A')) throw new Error(`after the cut: ${running}`)
      const count = await exchanged(bench, bench.a, b, 2)
      await updateByStick(bench, b)
      return `${version} ran on, ${count} documents arrived after it; ${bundles.nextVersion} on the second attempt`
    },
  },
  {
    name: 'update',
    claim:
      'an update from A to B under load: nothing is lost, the new slot is committed, version and slot are reported',
    async run(bench) {
      await bench.runningSince(enrolled)
      const { a, b } = bench
      const load = bench.send(a, b, 2000)
      await load.more(5)
      await updateByCommand(bench, a)
      await load.more(10)
      await load.stop()
      const delivered = await allDelivered(load, b)
      const { version, slot } = await reported(bench, a, bench.products.bundles.nextVersion)
      await bench.save(updated)
      return `${delivered} documents, each once; ${version} in slot ${slot} at the broker`
    },
  },
  {
    name: 'back',
    claim: 'the release before reads what the new one has written, after tram update back',
    async run(bench) {
      await bench.runningSince(updated)
      const { a, b } = bench
      const before = a.machine.boots
      await a.machine.run('tram update back --yes')
      await a.machine.bootedAgain(before)
      await committed(a, bench.products.version, 'A')
      const count = (await exchanged(bench, a, b, 2)) + (await exchanged(bench, b, a, 2))
      return `${bench.products.version} runs, ${count} documents exchanged`
    },
  },
  {
    name: 'fall-back',
    claim: 'a version whose station does not run falls back by itself',
    async run(bench) {
      await bench.runningSince(updated)
      const { a, b } = bench
      const slot = await a.machine.ask('grep -o "rauc.slot=." /proc/cmdline')
      const before = a.machine.boots
      const { code, out } = await installFromStick(bench, a, bench.products.bundles.broken)
      if (code !== 0) throw new Error(out)
      await a.machine.bootedAgain(before)
      const sinceMs = performance.now()
      await a.machine.until(`grep -q ${slot} /proc/cmdline && systemctl is-active --quiet tram.service`, trialMs)
      const boots = a.machine.boots - before
      const health = await a.machine.until('tram health --json | grep -o UPDATE_FELL_BACK | head -1 | grep .', trialMs)
      const count = await exchanged(bench, a, b, 2)
      const seconds = Math.round((performance.now() - sinceMs) / 1000)
      return `${boots} boots, ${seconds} s after the first one; ${health}; ${count} documents after it`
    },
  },
  {
    name: 'watchdog',
    claim: 'a box that stands still is reset by its watchdog',
    async run(bench) {
      await bench.runningSince(updated)
      const { b } = bench
      const before = b.machine.boots
      const sinceMs = performance.now()
      b.machine.freeze()
      await b.machine.bootedAgain(before)
      await b.serving()
      return `served again ${Math.round((performance.now() - sinceMs) / 1000)} s after it stood still`
    },
  },
  {
    name: 'cut-intake',
    claim: 'a power cut while documents are taken loses none that was acknowledged',
    async run(bench) {
      await bench.runningSince(updated)
      const { a, b } = bench
      const load = bench.send(a, b)
      await load.more(10)
      await a.machine.cutPower()
      await a.start()
      await load.more(5)
      await load.stop()
      return `${await allDelivered(load, b)} documents, each once`
    },
  },
  {
    name: 'cut-reception',
    claim: 'a power cut while documents arrive loses and doubles none',
    async run(bench) {
      await bench.runningSince(updated)
      const { a, b } = bench
      const load = bench.send(a, b)
      await load.more(10)
      await b.machine.cutPower()
      await load.more(5)
      await load.stop()
      await b.start()
      await b.serving()
      return `${await allDelivered(load, b)} documents, each once`
    },
  },
  {
    name: 'deb-arm64',
    claim: 'the Debian package for arm64 installs, is READY, passes tram doctor, and is removed',
    async run(bench) {
      await bench.powerOff()
      return tryArm64Package(`${bench.folder}/deb-arm64`, bench.products.debian)
    },
  },
]

/** Hands documents in at one box and waits until all are at the other, with receipts. @returns how many */
async function exchanged(bench: Bench, from: Box, to: Box, count: number): Promise<number> {
  const sending = bench.send(from, to)
  await sending.more(count)
  await sending.stop()
  return allDelivered(sending, to)
}

/** Waits until every acknowledged document is there and receipted; then each must be there once, with its bytes. */
async function allDelivered(sending: Sending, to: Box): Promise<number> {
  const untilMs = performance.now() + 300_000
  for (;;) {
    const missing = await sending.missingAt(to)
    if (missing.length === 0) break
    if (performance.now() > untilMs) throw new Error(`not arrived at ${to.office.id}: ${missing.join(', ')}`)
    await delay(1000)
  }
  // A delivery is open until the receipt has come back.
  await sending.from.machine.until(`tram queue --json | tr -d ' \\n' | grep -qF '"deliveries":[]'`)
  return sending.accepted.size
}

/** What the broker has of a box, once it names this version. */
async function reported(
  bench: Bench,
  box: Box,
  version = bench.products.version,
): Promise<{ version: string; slot: string }> {
  const untilMs = performance.now() + 240_000
  for (;;) {
    const kept = await bench.ground.broker.retained(`tram/v1/+/${box.office.id}/info`)
    const [text] = kept.values()
    const info = text === undefined ? undefined : JSON.parse(text)
    if (info?.version === version) return { version, slot: String(info.slot) }
    if (performance.now() > untilMs) throw new Error(`the broker has of ${box.office.id}: ${text ?? 'nothing'}`)
    await delay(2000)
  }
}

/** Its exit code says it. */
export const isCommitted = 'tram update status >/dev/null'

/** Waits until the slot has been marked good. */
async function committed(box: Box, version: string, slot: string): Promise<void> {
  await box.machine.until(`grep -q rauc.slot=${slot} /proc/cmdline && ${isCommitted}`, trialMs)
  const running = await box.machine.ask('tram --version')
  if (running !== version) throw new Error(`${running} runs, not ${version}`)
}

/** What a technician would type, for a bundle on the stick. */
const install = 'tram update install /run/bench/update.raucb --restart now'

/** Puts a file on a stick that nothing but this looks at, plugs it in and mounts it as /run/bench. @param file its path, or its bytes */
export async function mountFile(bench: Bench, box: Box, file: string | Buffer, name: string): Promise<void> {
  const stick = await Stick.format(`${bench.folder}/${box.office.id}-bench.img`, 512, 'BENCH')
  if (typeof file === 'string') await stick.copy(name, file)
  else await stick.write(name, file)
  await box.machine.plugIn(stick.file)
  await box.machine.until('mkdir -p /run/bench && mount -o ro /dev/disk/by-label/BENCH /run/bench')
}

/** From the first version in slot A to the next one in slot B. */
async function updateByCommand(bench: Bench, box: Box): Promise<void> {
  const before = box.machine.boots
  const { code, out } = await installFromStick(bench, box, bench.products.bundles.next)
  if (code !== 0) throw new Error(out)
  await box.machine.bootedAgain(before)
  await committed(box, bench.products.bundles.nextVersion, 'B')
}

/** The same as a technician does it, who leaves the stick in over the restart. */
async function updateByStick(bench: Bench, box: Box): Promise<void> {
  const stick = await Stick.format(`${bench.folder}/${box.office.id}-stick.img`, 512)
  await stick.copy('update.raucb', bench.products.bundles.next)
  const before = box.machine.boots
  await box.machine.plugIn(stick.file)
  await box.machine.bootedAgain(before)
  await box.machine.until(`[ $(${looksAtSticks}) -gt 0 ]`, trialMs)
  await stickIsFree(box)
  await box.machine.pullOut()
  const told = (await stick.read('tram-result.txt')).toString()
  if (!told.includes('THIS UPDATE RUNS')) throw new Error(told)
  await committed(box, bench.products.bundles.nextVersion, 'B')
}

/** How often the box has looked at a stick since it started. By the program's name: a pattern of units finds nothing at times. */
export const looksAtSticks =
  "journalctl --quiet --no-pager -b -o cat -t tram-box | grep -c 'the stick was looked at' || true"

/** Waits until nothing works with the stick any more, whether it ended well or not. */
export const stickIsFree = (box: Box): Promise<string> =>
  box.machine.until("! systemctl --no-legend --plain list-units 'tram-stick@*' | grep -q .", trialMs)

async function installFromStick(bench: Bench, box: Box, bundle: string): Promise<{ code: number; out: string }> {
  await mountFile(bench, box, bundle, 'update.raucb')
  const outcome = await box.machine.run(install, installMs)
  // A box that restarts forgets the mount by itself, and may be gone already.
  if (outcome.code !== 0) await box.machine.ask('umount -l /run/bench')
  await box.machine.pullOut()
  return outcome
}
