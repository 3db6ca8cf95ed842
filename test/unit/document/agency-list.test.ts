// The authority's CSV of agencies: the real codes load, and every mistake is named with its line and column.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { formatAgencyList, parseAgencyList } from '../../../src/document/agency-list.ts'
import { problemInEntry } from '../../../src/document/directory-file.ts'

const parse = (text: string) => parseAgencyList(Buffer.from(text))

function refusal(run: () => unknown): { line: unknown; column: unknown; detail: unknown } {
  try {
    run()
  } catch (error) {
    if (error instanceof TramError && error.code === 'AGENCY_LIST_INVALID') {
      const { line, column, detail } = error.data
      return { line, column, detail }
    }
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a list of agencies', () => {
  it('loads the real codes of level 1', async () => {
    const file = join(import.meta.dirname, '../../../docs/reference/agencies-level1.csv')
    const agencies = parseAgencyList(await readFile(file))
    expect(agencies).toHaveLength(135)
    expect(agencies.find(({ code }) => code === 'G16')?.name).toBe('Bộ Văn hoá, Thể thao và Du lịch')
    const closed = agencies.find(({ code }) => code === 'G04')
    expect(closed?.validity).toEqual({
      from: Date.parse('2020-09-15T00:00:00+07:00'),
      until: Date.parse('2025-04-14T00:00:00+07:00'),
    })
    expect(agencies.map(({ id }) => id)).toEqual(agencies.map((_, at) => at + 1))
    expect(agencies.flatMap((agency) => problemInEntry({ agency }) ?? [])).toEqual([])
  })

  it('reads every column, in any order, with quotes, a mark of order and CR LF', () => {
    const text =
      '\uFEFFname,CODE,code102,mail,parent,station,valid_from,valid_to,successor,level,id,pid,mobile,fax\r\n' +
      'Tỉnh,H01,000.00.00.H01,a@b.vn,,tinh-1,2025-07-01T00:00:00Z,,,1,70,,0912,024\r\n' +
      '"Sở ""Một"", cũ",H01.01,,,H01,,,2025-07-01,H01,2,,,,\r\n'
    const [province, office] = parse(text)
    expect(province).toMatchObject({
      code: 'H01',
      code102: '000.00.00.H01',
      station: 'tinh-1',
      id: 70,
      pid: 0,
      level: 1,
    })
    expect(province?.validity).toEqual({ from: Date.UTC(2025, 6, 1), until: 0 })
    expect(province).toMatchObject({ mail: 'a@b.vn', mobile: '0912', fax: '024' })
    expect(office).toMatchObject({ name: 'Sở "Một", cũ', parent: 'H01', successor: 'H01', id: 2, pid: 70, level: 2 })
    expect(office?.validity).toEqual({ from: 0, until: Date.parse('2025-07-01T00:00:00+07:00') })
  })

  it.each([
    ['code,name\nH01,A\nH02,"B\n', 3, '-'],
    ['code,name\nH01,A,too much\n', 2, '-'],
    ['code,name\nH01,A\n\nH01,B\n', 4, 'code'],
    ['code,name\nh01,A\n', 2, 'code'],
    ['code,name\n,A\n', 2, 'code'],
    ['code,name\nH01,\n', 2, 'name'],
    ['code\nH01\n', 1, 'name'],
    ['code,name,code\nH01,A,H01\n', 1, 'code'],
    ['code,name,colour\nH01,A,red\n', 1, 'colour'],
    ['code,name,parent\nH01,A,H99\n', 2, 'parent'],
    ['code,name,successor\nH01,A,H99\n', 2, 'successor'],
    ['code,name,station\nH01,A,Big Station\n', 2, 'station'],
    ['code,name,valid_from\nH01,A,01/07/2025\n', 2, 'valid_from'],
    ['code,name,valid_from\nH01,A,2025-02-31\n', 2, 'valid_from'],
    ['code,name,valid_from\nH01,A,2025-02-31T00:00:00Z\n', 2, 'valid_from'],
    ['code,name,valid_from,valid_to\nH01,A,2025-07-01,2025-07-01\n', 2, 'valid_to'],
    ['code,name,level\nH01,A,-1\n', 2, 'level'],
    ['code,name,id\nH01,A,1e3\n', 2, 'id'],
    [`code,name,fax\nH01,A,${'0'.repeat(51)}`, 2, 'fax'],
    ['', 1, '-'],
  ])('refuses %j at line %i, column %s', (text, line, column) => {
    expect(refusal(() => parse(text))).toMatchObject({ line, column })
  })

  it('names the line on which a row of several lines ends', () => {
    expect(refusal(() => parse('code,name\nH01,"A\nB"\nh02,C\n'))).toMatchObject({ line: 4, column: 'code' })
  })

  it('refuses bytes that are not UTF-8 and rows without end', () => {
    expect(refusal(() => parseAgencyList(Buffer.from([0x63, 0xff])))).toMatchObject({ line: 1, detail: 'not UTF-8' })
    expect(refusal(() => parse(`code,name\nH01,${'a'.repeat(10_000)}`)).line).toBe(2)
  })

  it('takes the id of the parent for pid', () => {
    const [first, second] = parse('code,name,parent,id,pid\nH01.1,A,H01,5,\nH01,B,,9,3\n')
    expect(first?.pid).toBe(9)
    expect(second?.pid).toBe(3)
  })

  it('comes back from its own CSV: times, quotes and line ends included', async () => {
    const file = join(import.meta.dirname, '../../../docs/reference/agencies-level1.csv')
    const given = [
      ...parseAgencyList(await readFile(file)),
      ...parse('code,name,mail,fax\nX9,"A ""b"", c\nd",a@b.vn,09\n'),
    ]
    const [first, ...rest] = given
    if (first === undefined) throw new Error('the list has agencies')
    const ended = { ...first, validity: { from: 0, until: Date.UTC(2026, 10, 21, 17, 0, 1) } }
    expect(parse([...formatAgencyList([ended, ...rest])].join(''))).toEqual([ended, ...rest])
  })
})
