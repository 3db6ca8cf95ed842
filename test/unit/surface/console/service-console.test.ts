// The service console against a line in memory: every entry, every way out of it, and a line that makes noise or goes away.
// Long because: one list of what a technician, a cable and an intruder may do.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { healthCondition } from '../../../../src/exchange/health/station-health.ts'
import { maxLineLetters } from '../../../../src/surface/console/line-reader.ts'
import { randomFrom } from '../../../fixtures/random.ts'
import { ConsoleBench, healthyReport } from './console-bench.ts'

let bench: ConsoleBench

beforeEach(async () => {
  bench = new ConsoleBench()
  await bench.plugIn()
})
afterEach(() => bench.console.stop())

const askPin = 'PIN (Enter để thôi): '

/** Every question that an entry asks, and how to come to it from the menu. */
const questions: [name: string, steps: [line: string, question: string][]][] = [
  ['the menu', []],
  ['the PIN', [['8', askPin]]],
  ['the name', [['9', 'Tên mới']]],
  [
    'the codes',
    [
      ['9', 'Tên mới'],
      ['Trạm mới', 'Mã mới'],
    ],
  ],
  [
    'whether to save',
    [
      ['9', 'Tên mới'],
      ['Trạm mới', 'Mã mới'],
      ['H41 H41.1', 'Ghi các thay đổi'],
    ],
  ],
]

describe('the menu', () => {
  test('opens with Enter, in Vietnamese, and holds only what this box can do', async () => {
    const menu = await bench.enter()
    expect(menu).toContain('== Trạm h41 - UBND tỉnh Nghệ An ==\r\n')
    for (const line of [
      '1  Tình trạng',
      '2  Mạng',
      '3  Vân tay',
      '8  Nhập PIN',
      '9  Đặt tên',
      'l  English',
      'q  Thoát',
    ])
      expect(menu).toContain(`  ${line}`)
    for (const absent of ['doctor', 'USB', 'Nháy đèn', 'Tự kiểm tra', 'Khởi động lại'])
      expect(menu).not.toContain(absent)
    expect(await bench.type('7', 'danh mục): ')).toContain('Không có mục này')
  })

  test.each([['\r'], ['\n'], ['\r\n']])('takes lines that end in %j', async (end) => {
    bench.line.say(end)
    await bench.until('danh mục): ')
    bench.line.say(`2${end}`)
    const answer = await bench.until('danh mục): ')
    expect(answer.match(/Chọn/g)).toHaveLength(1)
    expect(answer).toContain('eth0 (vi)')
  })

  test('echoes and edits', async () => {
    await bench.enter()
    expect(await bench.type('99\b\u007f2', 'danh mục): ')).toMatch(/^99[\b] [\b][\b] [\b]2\r\neth0/)
    expect(await bench.type('nhầm\u00152', 'danh mục): ')).toContain('eth0 (vi)')
  })

  test('speaks English, and Vietnamese without diacritics', async () => {
    await bench.enter()
    expect(await bench.type('l', 'menu): ')).toContain('1  Status')
    expect(await bench.type('2', 'menu): ')).toContain('eth0 (en)')
    const plain = await bench.type('l', 'danh muc): ')
    expect(plain).toContain('== Tram h41 - UBND tinh Nghe An ==')
    expect(Buffer.byteLength(plain)).toBe(plain.length)
    expect(await bench.type('l', 'danh mục): ')).toContain('Tình trạng')
  })

  test('is left, and greets the next one in the language of the configuration', async () => {
    await bench.enter()
    await bench.type('l', 'menu): ')
    const greeting = await bench.type('q', 'Press Enter')
    expect(greeting).toMatch(/Tram 1\.2\.3\r\nNhan Enter de bat dau\.\r\nPress Enter to begin\.\r\n$/)
    expect(await bench.type('2', 'Press Enter')).not.toContain('eth0')
    expect(await bench.enter()).toContain('Tình trạng')
  })

  test('wraps at 79 columns and lets nothing steer the terminal', async () => {
    bench.actions.network = async () => `\u001b[2J\u0007evil\u202e\n  ${'từ '.repeat(60)}\n${'x'.repeat(200)}`
    await bench.enter()
    const shown = await bench.type('2', 'danh mục): ')
    for (const steering of ['\u001b', '\u0007', '\u202e']) expect(shown).not.toContain(steering)
    for (const line of shown.split('\r\n')) expect(line.length).toBeLessThanOrEqual(79)
    expect(shown.replace(/\s/g, '')).toContain('từ'.repeat(60))
    expect(shown.replace(/\s/g, '')).toContain('x'.repeat(200))
  })

  test('tells of a failure that is ours and goes on', async () => {
    bench.actions.network = async () => {
      throw new Error('no /sys')
    }
    await bench.enter()
    expect(await bench.type('2', 'danh mục): ')).toContain('(INTERNAL)')
    expect(await bench.type('3', 'danh mục): ')).toContain('abababab abababab')
  })
})

describe('entries', () => {
  test('status: worst first with what to do, numbers, and nothing of a document', async () => {
    const lost = healthCondition(new TramError('DOCUMENTS_LOST', { count: 1, documents: 'H41.DOC-4711' }))
    const full = healthCondition(new TramError('DISK_FULL', { neededBytes: 10, freeBytes: 0 }))
    bench.report = { ...healthyReport, overall: 'failed', conditions: [full, lost] }
    await bench.enter()
    const shown = (await bench.type('1', 'danh mục): ')).replace(/\s+/g, ' ')
    expect(shown).toContain('HỎNG')
    expect(shown.indexOf('DISK_FULL')).toBeLessThan(shown.indexOf('DOCUMENTS_LOST'))
    expect(shown).toContain(`→ ${full.todoVi}`)
    expect(shown).toContain('nối: 1/2 Chờ chuyển: 3 Danh bạ: phiên bản 7 Ổ đĩa trống: 5 MiB')
    expect(bench.screen).not.toContain('4711')
    bench.report = healthyReport
    expect(await bench.type('1', 'danh mục): ')).toContain('Mọi thứ tốt.')
  })

  test('fingerprints say what is not known', async () => {
    bench.actions.fingerprints = async () => ({
      version: '1',
      station: 'h41',
      fingerprint: null,
      peerId: null,
      certificateSha256: null,
    })
    await bench.enter()
    expect(await bench.type('3', 'danh mục): ')).toMatch(/Mã nút: chưa có\r\nChứng thư SHA-256: chưa biết/)
  })

  test('doctor, self-test, bundle, identify and restart are there when their functions are', async () => {
    let hasLights = true
    const saved = { file: '/media/tram/x.zip', sizeBytes: 2048, sha256: 'cd'.repeat(32) }
    Object.assign(bench.actions, {
      doctor: async (language: string) => `khám ${language}`,
      selftest: async () => 'tự kiểm tra xong',
      stick: { saveBundle: async () => saved, release: async () => void bench.done.push('release') },
      lights: {
        areThere: async () => hasLights,
        identify: async (seconds: number) => void bench.done.push(`identify ${seconds}`),
      },
      restart: async () => void bench.done.push('restart'),
    })
    expect(await bench.enter()).toMatch(/4 {2}Khám.*5 {2}Tự kiểm tra.*6 {2}Lưu gói.*7 {2}Nháy.*10 {2}Khởi động/s)
    expect(await bench.type('4', 'danh mục): ')).toContain('khám vi')
    expect(await bench.type('5', 'danh mục): ')).toContain('tự kiểm tra xong')
    const told = await bench.type('6', 'danh mục): ')
    expect(told).toMatch(/\/media\/tram\/x\.zip: 2 KiB\r\nSHA-256 (cd){32}\r\nĐã ghi và đọc lại đúng/)
    expect(await bench.type('7', 'danh mục): ')).toContain('Đèn đang nháy, trong 2 phút.')
    hasLights = false
    expect(await bench.type('', 'danh mục): ')).not.toContain('Nháy')
    expect(await bench.type('7', 'danh mục): ')).toContain('Không có mục này')
    await bench.type('10', 'bây giờ?')
    await bench.type('', 'danh mục): ')
    expect(bench.done).toEqual(['release', 'identify 120'])
    await bench.type('10', 'bây giờ?')
    expect(await bench.type('1', 'danh mục): ')).toContain('Đã yêu cầu khởi động lại.')
    expect(bench.done).toEqual(['release', 'identify 120', 'restart'])
  })

  test('a stick that cannot be unmounted is not said to be safe', async () => {
    bench.actions.stick = {
      saveBundle: async () => ({ file: '/media/tram/x.zip', sizeBytes: 2048, sha256: 'cd'.repeat(32) }),
      release: async () => {
        throw new TramError('COMMAND_FAILED', { command: 'umount', detail: 'busy' })
      },
    }
    await bench.enter()
    const told = await bench.type('6', 'danh mục): ')
    expect(told).toContain('/media/tram/x.zip: 2 KiB')
    expect(told).toContain('COMMAND_FAILED')
    expect(told).not.toContain('Rút USB được')
  })

  test('what runs long is cancelled by Ctrl-C, and what is typed meanwhile is not kept', async () => {
    let reason: unknown
    bench.actions.doctor = (_language, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason
          reject(signal.reason)
        })
      })
    await bench.enter()
    await bench.type('4', 'Xin chờ')
    bench.line.say('2\r3\r\u0003')
    const shown = await bench.until('danh mục): ')
    expect(shown).toContain('Đã hủy.')
    expect(shown).not.toContain('eth0')
    expect(String(reason)).toContain('cancelled')
    expect(await bench.type('2', 'danh mục): ')).toContain('eth0')
  })
})

describe('the PIN', () => {
  test('is not shown, and accepted', async () => {
    await bench.enter()
    await bench.type('8', askPin)
    const shown = await bench.type('2468199\b\b0', 'danh mục): ')
    expect(shown).toContain('*******\b \b\b \b*\r\n')
    expect(shown).toContain('Đã nhận PIN. Token sẵn sàng.')
    expect(bench.screen).not.toContain('2468')
  })

  test('makes each next entry wait longer, whoever plugs in again; success forgives', async () => {
    await bench.enter()
    const wrong = async () => {
      await bench.type('8', askPin)
      return await bench.type('000000', 'danh mục): ')
    }
    expect(await wrong()).toContain('TOKEN_PIN_LATCHED')
    expect(await bench.type('8', 'danh mục): ')).toMatch(/chờ 5 giây.*PIN_TOO_SOON/s)
    bench.clock.advance(5_000)
    expect(await wrong()).toContain('TOKEN_PIN_LATCHED')
    bench.line.unplug()
    bench.line.plug()
    await bench.until('Press Enter')
    await bench.enter()
    bench.clock.advance(9_000)
    expect(await bench.type('8', 'danh mục): ')).toContain('chờ 1 giây')
    expect(bench.done).toEqual(['pin', 'pin'])
    bench.clock.advance(1_000)
    await bench.type('8', askPin)
    expect(await bench.type(bench.rightPin, 'danh mục): ')).toContain('Đã nhận PIN. Token sẵn sàng.')
    expect(await bench.type('8', 'danh mục): ')).toContain('không cần PIN')
    bench.report = healthyReport
    expect(await wrong()).toContain('TOKEN_PIN_LATCHED')
    expect(await bench.type('8', 'danh mục): ')).toContain('chờ 5 giây')
  })

  test('waits no longer than a quarter of an hour', async () => {
    await bench.enter()
    for (let failures = 0; failures < 14; failures += 1) {
      await bench.type('8', askPin)
      await bench.type('000000', 'danh mục): ')
      bench.clock.advance(15 * 60_000)
    }
    expect(bench.done).toHaveLength(14)
  })

  test('counts as tried when the plug is pulled before the answer', async () => {
    const { promise, reject } = Promise.withResolvers<never>()
    bench.actions.enterPin = () => promise
    await bench.enter()
    await bench.type('8', askPin)
    await bench.type('000000', '******\r\n')
    bench.line.unplug()
    bench.line.plug()
    await bench.until('Press Enter')
    await bench.enter()
    expect(await bench.type('8', 'danh mục): ')).toContain('chờ 5 giây')
    reject(new Error('late'))
    expect(await bench.type('2', 'danh mục): ')).not.toContain('late')
  })

  test('is asked twice for when it is the last try, and never with an empty line', async () => {
    bench.report = { ...healthyReport, token: { ...healthyReport.token, pinFinalTry: true, pinCountLow: true } }
    await bench.enter()
    await bench.type('8', 'Enter để thôi: ')
    expect(bench.screen).toContain('CHỈ CÒN MỘT LẦN THỬ')
    await bench.type('', 'danh mục): ')
    await bench.type('8', 'Enter để thôi: ')
    await bench.type('1', askPin)
    expect(await bench.type('', 'danh mục): ')).toContain('Không thay đổi gì.')
    expect(bench.done).toEqual([])
  })
})

describe('the settings', () => {
  test('are shown, asked for, confirmed and saved', async () => {
    bench.actions.restart = async () => void bench.done.push('restart')
    await bench.enter()
    expect(await bench.type('9', 'Tên mới')).toMatch(/Tên trạm: Trạm cũ\r\nMã đơn vị của 1\. qlvb: H41\r\n/)
    // Decomposed, as some terminals send it.
    await bench.type('Sở Nội vụ Nghệ An'.normalize('NFD'), 'Mã mới')
    expect(await bench.type('h41, H41/1', 'Mã mới')).toContain('H41/1: không phải mã đơn vị')
    const summary = await bench.type('h41, H41.1 H41', 'Ghi các thay đổi')
    expect(summary).toMatch(/Tên trạm: Sở Nội vụ Nghệ An\r\nMã đơn vị của qlvb: H41 H41\.1/)
    const saved = await bench.type('1', 'bây giờ?')
    expect(saved).toContain('tram.toml.previous')
    await bench.type('1', 'danh mục): ')
    expect(bench.changes).toEqual([{ name: 'Sở Nội vụ Nghệ An', codes: { backend: 0, agencies: ['H41', 'H41.1'] } }])
    expect(bench.done).toEqual(['restart'])
  })

  test('stay when nothing is typed, nothing is confirmed, or it is cancelled', async () => {
    await bench.enter()
    await bench.type('9', 'Tên mới')
    await bench.type('', 'Mã mới')
    expect(await bench.type('', 'danh mục): ')).toContain('Không thay đổi gì.')
    await bench.type('9', 'Tên mới')
    expect(await bench.type('x'.repeat(201), 'Tên mới')).toContain('dài quá')
    await bench.type('Khác', 'Mã mới')
    await bench.type('', 'Ghi các thay đổi')
    expect(await bench.type('c', 'danh mục): ')).toContain('Không thay đổi gì.')
    await bench.type('9', 'Tên mới')
    bench.line.say('Khác\u0003')
    expect(await bench.until('danh mục): ')).toContain('Đã hủy.')
    expect(bench.changes).toEqual([])
  })

  test('of several backends: one is chosen', async () => {
    bench.settings = {
      name: 'T',
      backends: [
        { systemid: 'a', agencies: ['A1'] },
        { systemid: 'b', agencies: [] },
      ],
    }
    await bench.enter()
    await bench.type('9', 'Tên mới')
    await bench.type('', 'hệ thống số mấy')
    expect(await bench.type('3', 'danh mục): ')).toContain('Không thay đổi gì.')
    await bench.type('9', 'Tên mới')
    await bench.type('', 'hệ thống số mấy')
    await bench.type('2', 'Mã mới')
    await bench.type('B1', 'Ghi các thay đổi')
    await bench.type('1', 'danh mục): ')
    expect(bench.changes).toEqual([{ codes: { backend: 1, agencies: ['B1'] } }])
  })
})

describe('a line that fails', () => {
  test.each(questions)('pulled out at %s: the session and what was typed are gone', async (_name, steps) => {
    await bench.enter()
    for (const [line, question] of steps) await bench.type(line, question)
    bench.line.say('1')
    bench.line.unplug()
    bench.line.plug()
    await bench.until('Press Enter')
    expect(await bench.type('1', 'Press Enter')).not.toContain('Chọn')
    expect(await bench.enter()).toContain('Tình trạng')
    expect([bench.done, bench.changes]).toEqual([[], []])
  })

  test.each(questions)('noise at %s: nothing is done, a hint comes when it is quiet', async (_name, steps) => {
    await bench.enter()
    for (const [line, question] of steps) await bench.type(line, question)
    bench.line.say(Buffer.from([0x31, 0x00, 0x31, 0x0d, 0xff, 0x0d]))
    bench.line.say('1\r1\r')
    const hint = await bench.until('Press Enter')
    expect(hint).toMatch(/Dat 115200 8N1.*There was noise on the line/s)
    expect(await bench.enter()).toContain('Tình trạng')
    expect([bench.done, bench.changes]).toEqual([[], []])
  })

  test('a megabyte of random bytes does nothing and is answered once', async () => {
    await bench.enter()
    const before = bench.screen.length
    const random = randomFrom(4)
    const noise = Buffer.from(Array.from({ length: 1024 * 1024 }, () => Math.floor(random() * 256)))
    for (let at = 0; at < noise.length; at += 4096) bench.line.say(noise.subarray(at, at + 4096))
    await bench.until('There was noise')
    const shown = bench.screen.slice(before)
    expect(shown.length).toBeLessThan(8192)
    expect([bench.done, bench.changes]).toEqual([[], []])
    expect(shown).not.toMatch(/eth0|Mọi thứ tốt/)
    expect(await bench.enter()).toContain('Tình trạng')
  })

  test.each([
    ['BREAKs', Buffer.alloc(10_000)],
    ['an endless line', Buffer.alloc(maxLineLetters + 1, 'a')],
    ['an arrow key', Buffer.from('\u001b[A\r')],
    ['half a letter and a line end', Buffer.from([0xe1, 0xbb, 0x0d])],
    ['C1 controls', Buffer.from('\u009b2J\r')],
  ])('%s are junk', async (_name, bytes) => {
    await bench.enter()
    bench.line.say(bytes)
    await bench.until('There was noise')
    expect(await bench.enter()).toContain('Tình trạng')
  })

  test('a letter that comes in pieces is one', async () => {
    await bench.enter()
    await bench.type('9', 'Tên mới')
    for (const byte of Buffer.from('Sở')) bench.line.say(Buffer.from([byte]))
    await bench.type('', 'Mã mới')
    expect(await bench.type('', 'Ghi các thay đổi')).toContain('Tên trạm: Sở\r\n')
  })

  test('a terminal that takes nothing holds up nobody, and the next one is served', async () => {
    await bench.enter()
    bench.line.isStuck = true
    for (let times = 0; times < 50; times += 1) bench.line.say('1\r')
    bench.line.unplug()
    bench.line.isStuck = false
    bench.line.plug()
    await bench.until('Press Enter')
    expect(await bench.enter()).toContain('Tình trạng')
  })
})

test('a session in which nobody types ends; what runs is not cut off', async () => {
  const idle = new ConsoleBench({ idleMs: 30 })
  await idle.plugIn()
  await idle.enter()
  await idle.until('Press Enter')
  const { promise, resolve } = Promise.withResolvers<string>()
  idle.actions.doctor = () => promise
  idle.line.say('\r')
  await idle.until('danh mục): ')
  idle.line.say('4\r')
  await idle.until('Xin chờ')
  setTimeout(() => resolve('khám xong'), 100)
  expect(await idle.until('khám xong')).not.toContain('Press Enter')
  await idle.console.stop()
})
