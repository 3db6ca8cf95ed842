// The bench: two boxes on one wire, what a province has round them, and what was learnt in earlier steps.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Box, Sending } from './box.ts'
import { type BoxOffice, Ground } from './ground.ts'
import type { Products } from './products.ts'
import { makeWire } from './wire.ts'

const offices = {
  a: { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCode: 'H41', address: '10.77.0.11', secret: 'bí mật của H41' },
  b: { id: 'h14', name: 'UBND tỉnh Cao Bằng', agencyCode: 'H14', address: '10.77.0.12', secret: 'bí mật của H14' },
} satisfies Record<string, BoxOffice>

export class Bench {
  readonly folder: string
  readonly ground: Ground
  readonly products: Products
  readonly a: Box
  readonly b: Box
  /** Boots that hung and were tried once more. */
  readonly hungBoots: string[]
  #nextNumber: number

  private constructor(folder: string, ground: Ground, products: Products, hungBoots: string[]) {
    this.folder = folder
    this.ground = ground
    this.products = products
    this.hungBoots = hungBoots
    const onHungBoot = (text: string): void => void hungBoots.push(text)
    const box = (name: 'a' | 'b', last: string): Box =>
      new Box(join(folder, name), offices[name], { tap: `tap-${name}`, mac: `52:54:00:77:00:${last}` }, onHungBoot)
    this.a = box('a', '0a')
    this.b = box('b', '0b')
    // Every document has a number of its own, whichever run it is of.
    this.#nextNumber = Math.floor(Date.now() / 1000) * 1000
  }

  static async open(folder: string, products: Products, hungBoots: string[]): Promise<Bench> {
    await mkdir(folder, { recursive: true })
    makeWire(['tap-a', 'tap-b'])
    const ground = await Ground.open(join(folder, 'ground'), Object.values(offices))
    return new Bench(folder, ground, products, hungBoots)
  }

  get boxes(): readonly Box[] {
    return [this.a, this.b]
  }

  /** Both on, as they were when `step` had passed. What runs goes on running. */
  async runningSince(step: string): Promise<void> {
    for (const box of this.boxes) if (!box.machine.isOn) await box.insertDisk(box.savedDisk(step))
    // One after the other: two at once on two cores take longer than a boot may.
    for (const box of this.boxes) if (!box.machine.isOn) await box.start()
    for (const box of this.boxes) await box.serving()
  }

  /** The software before `from` begins to hand in documents for the other office, without end. @param pauseMs after each of them */
  send(from: Box, to: Box, pauseMs = 0): Sending {
    return new Sending(from, to, () => this.#nextNumber++, pauseMs)
  }

  /** Keeps both disks as they are now, while the boxes run. */
  async save(step: string): Promise<void> {
    for (const box of this.boxes) await box.saveDisk(step)
  }

  async powerOff(): Promise<void> {
    for (const { machine } of this.boxes) if (machine.isOn) await machine.cutPower()
  }

  async close(): Promise<void> {
    await this.powerOff()
    await this.ground.close()
  }
}
