// What every serial line must do, whatever lies beneath. Run on the line in memory and on serialport over a pseudo-terminal by
// serial-line.test.ts.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { maxQueuedBytes, type SerialLine } from '../../src/equipment/serial/serial-line.ts'

/** Patience for machines that are slow, not a measure. */
const until = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000 })

/** The line, started, with its cable in. */
export interface LineUnderTest {
  line: SerialLine
  /** All that the far end got. */
  received(): Buffer
  say(bytes: Uint8Array): void
  /** The far end takes nothing more, until the cable comes out. */
  stick(): void
  unplug(): Promise<void>
  plug(): Promise<void>
  stop(): Promise<void>
}

/** The listeners have to be there before the line starts. */
export interface LineListeners {
  bytes(bytes: Uint8Array): void
  change(isOpen: boolean): void
}

export function serialLineContract(name: string, make: (listeners: LineListeners) => Promise<LineUnderTest>): void {
  describe(`serial line: ${name}`, () => {
    let made: LineUnderTest
    let line: SerialLine
    let heard: Buffer
    let changes: boolean[]
    beforeEach(async () => {
      heard = Buffer.alloc(0)
      changes = []
      made = await make({
        bytes: (bytes) => {
          heard = Buffer.concat([heard, bytes])
        },
        change: (isOpen) => changes.push(isOpen),
      })
      line = made.line
      await until(() => line.isOpen).toBe(true)
    })
    afterEach(() => made.stop())

    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)

    test('every byte passes both ways as it is: no echo, no line endings, no signals', async () => {
      made.say(all)
      await until(() => heard.length).toBe(256)
      expect(heard.equals(all)).toBe(true)
      expect(await line.write(all)).toBe(true)
      await until(() => made.received().length).toBe(256)
      expect(made.received().equals(all)).toBe(true)
      expect(heard).toHaveLength(256)
    })

    test('writes go out in the order of the calls', async () => {
      const pieces = Array.from({ length: 50 }, (_, index) => Buffer.from(`piece ${index};`))
      expect(await Promise.all(pieces.map((piece) => line.write(piece)))).toEqual(pieces.map(() => true))
      const expected = Buffer.concat(pieces)
      await until(() => made.received().toString()).toBe(expected.toString())
    })

    test('what waits on a device that takes nothing is bounded, and answered when the cable comes out', async () => {
      made.stick()
      const answers: boolean[] = []
      const pieces = Array.from({ length: (4 * maxQueuedBytes) / 1024 }, () => line.write(Buffer.alloc(1024, 'x')))
      // 1024 bytes are in the hands of the system in the meantime, or more: but most of it is refused at once.
      for (const piece of pieces) void piece.then((written) => answers.push(written))
      await until(() => answers.filter((written) => !written).length).toBeGreaterThanOrEqual(32)
      expect(await line.write(Buffer.alloc(maxQueuedBytes + 1))).toBe(false)
      await made.unplug()
      await until(() => answers.length).toBe(pieces.length)
    })

    test('a cable that comes out is told once, writes are refused, and it works again by itself when it is back', async () => {
      for (let round = 1; round <= 2; round += 1) {
        await made.unplug()
        await until(() => line.isOpen).toBe(false)
        expect(await line.write(Buffer.from('lost'))).toBe(false)
        await made.plug()
        await until(() => line.isOpen).toBe(true)
        heard = Buffer.alloc(0)
        made.say(Buffer.from(`round ${round}`))
        await until(() => heard.toString()).toBe(`round ${round}`)
        expect(await line.write(Buffer.from(`back ${round}.`))).toBe(true)
        await until(() => made.received().toString()).toContain(`back ${round}.`)
      }
      expect(changes).toEqual([true, false, true, false, true])
      expect(made.received().toString()).not.toContain('lost')
    })

    test('a stopped line is shut, says so, and stays shut', async () => {
      await made.stop()
      expect(line.isOpen).toBe(false)
      expect(changes).toEqual([true, false])
      expect(await line.write(Buffer.from('late'))).toBe(false)
    })
  })
}
