// A descriptor is believed when the very certificate that it lists has signed it, and every byte counts.
import { beforeAll, describe, expect, it } from 'vitest'
import { maxDescriptorBytes, verifyDescriptor } from '../../../src/document/descriptor.ts'
import { StationDescriptor } from '../../../src/document/schema/directory.ts'
import { wrapSignedContent } from '../../../src/document/signed-content.ts'
import { TestWorld } from '../../fixtures/exchange/test-world.ts'
import { createTestPki } from '../../fixtures/pki/test-pki.ts'

describe('verifyDescriptor', () => {
  let world: TestWorld
  let right: StationDescriptor

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'], two: [] })
    right = { format: 1, created: 5, station: world.stationEntry('one'), agencies: ['H01', '000.00.01.H01'] }
  })

  const signed = (descriptor: StationDescriptor, signer = 'one') =>
    world.signCms(wrapSignedContent('descriptor', StationDescriptor.encode(descriptor)), world.leaf(signer))
  const encoded = (descriptor: StationDescriptor) => Buffer.from(StationDescriptor.encode(descriptor)).toString('hex')
  const readBack = (descriptor: StationDescriptor) => {
    const verdict = verifyDescriptor(signed(descriptor), world.pki.trust)
    return verdict.ok ? encoded(verdict.value) : verdict.reason.message
  }
  const detailOf = (cms: Uint8Array): string => {
    const verdict = verifyDescriptor(cms, world.pki.trust)
    if (verdict.ok) return ''
    expect(verdict.reason.code).toBe('DIRECTORY_INVALID')
    return String(verdict.reason.data.detail)
  }

  it('gives what the station says of itself', () => {
    expect(readBack(right)).toBe(encoded(right))
  })

  it('takes one that lists several certificates, when one of them has signed', () => {
    const certificates = [...world.stationEntry('two').certificates, ...world.stationEntry('one').certificates]
    const value = { ...right, station: world.stationEntry('one', { certificates }) }
    expect(readBack(value)).toBe(encoded(value))
  })

  it('refuses one that another station of the same CA has signed', () => {
    expect(detailOf(signed(right, 'two'))).toContain('signed by a certificate that it does not list')
  })

  it('refuses one of another CA', async () => {
    const other = await createTestPki({ name: 'Other' })
    expect(verifyDescriptor(signed(right), other.trust)).toMatchObject({
      ok: false,
      reason: { code: 'DIRECTORY_INVALID' },
    })
  })

  it('refuses altered bytes, wherever', () => {
    const cms = signed(right)
    for (let at = 0; at < cms.byteLength; at++) {
      const altered = Uint8Array.from(cms)
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8))
      if (detailOf(altered) === '') expect.fail(`byte ${at} of ${cms.byteLength} does not count`)
    }
  })

  it('refuses cuts and bytes behind its end', () => {
    const cms = signed(right)
    for (const length of [0, 1, 4, 100, cms.byteLength - 1]) expect(detailOf(cms.subarray(0, length))).not.toBe('')
    expect(detailOf(Buffer.concat([cms, Buffer.alloc(1)]))).not.toBe('')
  })

  it.each<[string, string, Partial<StationDescriptor>]>([
    ['format 0', 'format 0', { format: 0 }],
    ['format 2', 'format 2', { format: 2 }],
    ['no station', 'no station', { station: undefined }],
    ['an agency code that is none', 'agency code', { agencies: ['H01', 'h01'] }],
  ])('refuses %s', (_, detail, changes) => {
    expect(detailOf(signed({ ...right, ...changes }))).toBe(`descriptor: ${detail}`)
  })

  it('refuses an entry that the directory would refuse', () => {
    expect(detailOf(signed({ ...right, station: world.stationEntry('one', { generation: 0 }) }))).toContain(
      'generation',
    )
  })

  it('refuses other signed content, and noise that is signed', () => {
    const bytes = StationDescriptor.encode(right)
    expect(detailOf(world.signCms(wrapSignedContent('directory', bytes), world.leaf('one')))).toContain('descriptor')
    expect(
      detailOf(world.signCms(wrapSignedContent('descriptor', Buffer.alloc(99, 0xff)), world.leaf('one'))),
    ).toContain('not a descriptor')
  })

  it('refuses more bytes than it reads', () => {
    expect(detailOf(Buffer.alloc(maxDescriptorBytes + 1))).toContain(`${maxDescriptorBytes + 1} bytes`)
  })
})
