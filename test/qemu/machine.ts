// A box: the appliance's image in QEMU (`virt`, started by U-Boot as a Pi is), with its serial cable, a root shell that only this test
// has (a virtio console, opened by a unit handed in as a credential: nothing of it is in the image), USB sticks to plug in, and a power
// switch. Its disk lies behind nbdkit's write-back cache: what the box has not flushed when the power goes is lost, as on a real disk.
// Long because: one machine from the power switch to the last byte of its serial line.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, type WriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { emulator, firmware } from './emulator.ts'
import { HungBoot, Monitor, Shell } from './machine-lines.ts'

export interface MachineOptions {
  /** For sockets and logs; made if missing. At most some 80 characters: Unix sockets have short names. */
  folder: string
  /** Raw image of the whole disk. Written to. */
  disk: string
  /** Name of a tap device that exists, and the address of the box's end of it. */
  tap: string
  mac: string
  /** Continues the logs of an earlier start of the same box. */
  onEvent?: (text: string) => void
}

/** A boot in emulation takes one to three minutes; what has not come after this never comes. */
const bootMs = 400_000
const restartMs = 900_000
const keptCharacters = 400_000

/** Waits on hvc0 for commands. `exec` leaves the file open for the one shell that every command runs in. */
const shellUnit = `[Unit]
Description=Root shell of the test bench
DefaultDependencies=no
[Service]
ExecStart=/bin/bash --noprofile --norc -c 'until exec 3<>/dev/hvc0; do sleep 0.2; done; stty raw -echo <&3; printf "\\\\036ready\\\\036" >&3; while read -r id line <&3; do eval "$line" >&3 2>&1 </dev/null 3>&-; printf "\\\\036%%s:%%d\\\\036" "$id" $? >&3; done'
Restart=always
RestartSec=1
`

export class Machine {
  readonly options: MachineOptions
  /** Everything that came over the serial line since it was first started, but for the oldest. */
  serial = ''
  #qemu: ChildProcess | undefined
  #disk: ChildProcess | undefined
  #serialLine: Socket | undefined
  #shell: Shell | undefined
  #monitor: Monitor | undefined
  #log: WriteStream | undefined

  constructor(options: MachineOptions) {
    this.options = options
  }

  get isOn(): boolean {
    return this.#qemu !== undefined && this.#qemu.exitCode === null && this.#qemu.signalCode === null
  }

  /** Switches it on. Returns when its firmware runs. */
  async powerOn(): Promise<void> {
    const { folder, disk, tap, mac } = this.options
    await mkdir(folder, { recursive: true })
    const path = (name: string): string => join(folder, name)
    for (const name of ['disk.sock', 'serial.sock', 'shell.sock', 'monitor.sock']) await rm(path(name), { force: true })
    const served = ['--foreground', '--exit-with-parent', '--unix', path('disk.sock')]
    this.#disk = spawn(
      'nbdkit',
      [...served, '--filter=cache', 'file', disk, 'cache=writeback', 'cache-min-block-size=4k'],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    )
    await appears(path('disk.sock'), this.#disk)
    const credential = (name: string, text: string): string[] => [
      '-fw_cfg',
      `name=opt/io.systemd.credentials/${name},string=${text.replaceAll(',', ',,')}`,
    ]
    const socket = (id: string, name: string): string[] => [
      '-chardev',
      `socket,id=${id},path=${path(name)},server=on,wait=off`,
    ]
    this.#qemu = spawn(
      emulator[0],
      [
        ...emulator.slice(1),
        // A Cortex-A53 needs no detours round speculation, which cost an emulated processor much; a Pi 4's A72 takes them in hardware.
        ...['-M', 'virt', '-cpu', 'cortex-a53', '-accel', 'tcg,thread=multi', '-smp', '2', '-m', '1024'],
        ...['-display', 'none', '-nodefaults', '-bios', firmware],
        ...['-blockdev', `driver=nbd,node-name=d0,server.type=unix,server.path=${path('disk.sock')}`],
        ...['-device', 'virtio-blk-device,drive=d0'],
        ...['-netdev', `tap,id=n0,ifname=${tap},script=no,downscript=no`],
        ...['-device', `virtio-net-device,netdev=n0,mac=${mac}`, '-device', 'virtio-rng-device'],
        ...['-device', 'i6300esb', '-action', 'watchdog=reset', '-device', 'qemu-xhci,id=usb'],
        ...[...socket('serial', 'serial.sock'), '-serial', 'chardev:serial'],
        ...[...socket('shell', 'shell.sock'), '-device', 'virtio-serial-pci', '-device', 'virtconsole,chardev=shell'],
        ...[...socket('monitor', 'monitor.sock'), '-mon', 'chardev=monitor,mode=control'],
        // QEMU takes names of 55 letters at most. udev starts the shell when its line is there.
        ...credential('systemd.extra-unit.b.service', shellUnit),
        ...credential('udev.rules.b', 'KERNEL=="hvc0", TAG+="systemd", ENV{SYSTEMD_WANTS}+="b.service"\n'),
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    )
    await appears(path('monitor.sock'), this.#qemu)
    this.#log = createWriteStream(path('serial.log'), { flags: 'a' })
    this.#serialLine = connect(path('serial.sock'))
    // Read without pause: a full socket would stall the box.
    this.#serialLine.setEncoding('utf8').on('data', (text: string) => {
      this.#log?.write(text)
      this.serial = (this.serial + text).slice(-keptCharacters)
    })
    this.#serialLine.on('error', () => undefined)
    this.#shell = new Shell(path('shell.sock'))
    this.#monitor = new Monitor(path('monitor.sock'))
    await this.#monitor.ask('qmp_capabilities')
  }

  /** The power fails: nothing that was not flushed is on the disk. */
  async cutPower(): Promise<void> {
    // The disk first: the emulator, when it dies, must not get to flush anything.
    for (const child of [this.#disk, this.#qemu]) await killed(child)
    this.#forget()
  }

  /** Stands still while `act` looks at its disk: what is there then is what a power cut would leave, and all that was written before. */
  async standingStill(act: () => Promise<void>): Promise<void> {
    await this.ask('sync')
    await this.#theMonitor().ask('stop')
    try {
      await act()
    } finally {
      await this.#theMonitor().ask('cont')
    }
  }

  #forget(): void {
    this.#serialLine?.destroy()
    this.#shell?.close()
    this.#monitor?.close()
    this.#log?.end()
    this.#qemu = this.#disk = this.#serialLine = this.#shell = this.#monitor = this.#log = undefined
  }

  /**
   * Waits for a text on the serial line, from `since` on (as `serial.length` gave it).
   * @returns what matched
   */
  async onSerial(pattern: RegExp, since = 0, withinMs = bootMs): Promise<string> {
    const untilMs = performance.now() + withinMs
    for (;;) {
      const found = pattern.exec(this.serial.slice(since))
      if (found !== null) return found[0]
      if (/emergency mode|Kernel panic/i.test(this.serial.slice(since)))
        throw new Error(`the box has stopped in its boot: ${this.serial.slice(-1500)}`)
      if (!this.isOn) throw new Error('the emulator has ended')
      if (performance.now() > untilMs)
        throw new HungBoot(`no ${pattern} on the serial line: ${this.serial.slice(-1500)}`)
      await delay(100)
    }
  }

  /** Waits until it has booted so far that it takes commands. @throws HungBoot */
  async booted(): Promise<void> {
    await this.#theShell().ready(0, bootMs)
  }

  /** Waits until it has booted oftener than `starts`: first it has to end in good order, or its watchdog to notice. */
  async bootedAgain(starts: number): Promise<void> {
    await this.#theShell().ready(starts, restartMs)
  }

  /** How often it has booted since the power came. */
  get boots(): number {
    return this.#shell?.starts ?? 0
  }

  /** Types on the serial cable. */
  type(text: string): void {
    this.#serialLine?.write(text)
  }

  /** Runs a line of shell as root; its output and exit code. */
  async run(line: string, withinMs = 120_000): Promise<{ code: number; out: string }> {
    return this.#theShell().run(line, withinMs)
  }

  /** The same. @throws when it fails */
  async ask(line: string, withinMs?: number): Promise<string> {
    const { code, out } = await this.run(line, withinMs)
    if (code !== 0) throw new Error(`${line}: ${code}: ${out.slice(-2000)}`)
    return out.trim()
  }

  /** Repeats a line of shell until it succeeds, across restarts of the box. */
  async until(line: string, withinMs = bootMs): Promise<string> {
    const untilMs = performance.now() + withinMs
    let last = ''
    while (performance.now() < untilMs) {
      try {
        const { code, out } = await this.run(line, 60_000)
        if (code === 0) return out.trim()
        last = out
      } catch (error) {
        last = String(error)
        if (!this.isOn) throw error
      }
      await delay(1000)
    }
    throw new Error(`never true: ${line}: ${last.slice(-2000)}`)
  }

  /** Plugs in a USB stick whose image is in `file`. */
  async plugIn(file: string): Promise<void> {
    await this.#theMonitor().ask('blockdev-add', { driver: 'file', 'node-name': 'stick', filename: file })
    await this.#theMonitor().ask('device_add', {
      driver: 'usb-storage',
      id: 'stick-port',
      drive: 'stick',
      bus: 'usb.0',
    })
  }

  async pullOut(): Promise<void> {
    await this.#theMonitor().ask('device_del', { id: 'stick-port' })
    const untilMs = performance.now() + 30_000
    for (;;) {
      try {
        await this.#theMonitor().ask('blockdev-del', { 'node-name': 'stick' })
        return
      } catch (error) {
        // The device goes once what is under way on it has ended.
        if (performance.now() > untilMs) throw error
        await delay(100)
      }
    }
  }

  /** Nothing in it feeds the watchdog any more: PID 1 stands still, as after a fault in it. */
  freeze(): void {
    void this.run('kill -SEGV 1').catch(() => undefined)
  }

  #theShell(): Shell {
    if (this.#shell === undefined) throw new Error('the box is off')
    return this.#shell
  }

  #theMonitor(): Monitor {
    if (this.#monitor === undefined) throw new Error('the box is off')
    return this.#monitor
  }
}

async function appears(path: string, child: ChildProcess): Promise<void> {
  const untilMs = performance.now() + 20_000
  while (!existsSync(path)) {
    if (child.exitCode !== null || performance.now() > untilMs) throw new Error(`${path} does not appear`)
    await delay(20)
  }
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
