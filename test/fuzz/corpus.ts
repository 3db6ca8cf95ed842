// Signed things to spoil, and whom a verifier believes about them: written once by make-corpus.ts, valid until 2045.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DirectoryTrust } from '../../src/document/directory-file.ts'
import { hex, sha256 } from '../../src/document/document-id.ts'

/** When everything in the corpus was signed, ms since 1970. */
export const corpusMs = Date.UTC(2026, 10, 21, 8)

/** A file of the corpus. */
export const corpus = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'corpus', name))

/** Believes what is in the corpus, but for the evidence, which comes from stations of another authority. */
export const corpusTrust = (): DirectoryTrust => ({
  anchors: [corpus('anchor.der')],
  intermediates: [],
  authorityFingerprints: new Set([hex(sha256(corpus('authority.der')))]),
})

/** Believes the evidence of the corpus. */
export const evidenceTrust = (): DirectoryTrust => ({
  anchors: [corpus('evidence-anchor.der')],
  intermediates: [],
  authorityFingerprints: new Set(corpus('evidence-authorities.txt').toString('utf8').split('\n')),
})
