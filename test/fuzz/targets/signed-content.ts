// Any bytes as root statement, directory or descriptor, under a signature that holds: only the reading behind it stands between
// them and the station.
import { createPrivateKey } from 'node:crypto'
import { prepareCms } from '../../../src/document/cms.ts'
import { verifyDescriptor } from '../../../src/document/descriptor.ts'
import { verifyDirectoryStatement } from '../../../src/document/directory-file.ts'
import { hex, sha256 } from '../../../src/document/document-id.ts'
import { DirectoryStatement, StationDescriptor } from '../../../src/document/schema/directory.ts'
import { RootStatement } from '../../../src/document/schema/seal.ts'
import { verifyRootStatement } from '../../../src/document/seal.ts'
import { type SignedContentName, wrapSignedContent } from '../../../src/document/signed-content.ts'
import { signDigest } from '../../fixtures/pki/soft-key.ts'
import { byteMutators } from '../byte-mutators.ts'
import { corpus, corpusMs, corpusTrust } from '../corpus.ts'
import { inParts, packParts, protobufMutators, unpackParts } from '../format-mutators.ts'
import { asText, FuzzComplaint, type FuzzTarget, refusalCode } from '../fuzz-target.ts'

const digest = (value: number) => Buffer.alloc(32, value)

export const target: FuzzTarget = {
  name: 'signed-content',
  runsInTest: 150,
  open: async () => {
    const certificate = corpus('signer.der')
    const key = createPrivateKey({ key: corpus('signer-key.der'), format: 'der', type: 'pkcs8' })
    const fingerprint = sha256(certificate)
    // The signer is an authority, too: what an authority signs by mistake must not bring a station down.
    const trust = { ...corpusTrust(), authorityFingerprints: new Set([hex(fingerprint)]) }
    const sign = (content: Uint8Array): Uint8Array => {
      const scheme = 'rsa-pkcs1-sha256'
      const chain = [corpus('intermediate.der')]
      const prepared = prepareCms({ content, scheme, certificate, chain, signingTimeMs: corpusMs })
      return prepared.finish(signDigest(scheme, key, prepared.digest))
    }
    const station = {
      ...{ id: 'three', name: 'Trạm ba', generation: 1, peerKeys: [{ peerId: '12D3KooW'.padEnd(48, 'x') }] },
      certificates: [{ sha256: Buffer.from(fingerprint), der: Buffer.from(certificate) }],
      addresses: ['/ip4/10.0.0.3/tcp/4101'],
    }
    const root = { version: 1, station: 'three', generation: 1, sequence: 4, time: corpusMs, treeSize: 5 }
    const statement = {
      format: 1,
      version: 9,
      issued: corpusMs,
      expires: 0,
      entries: 3,
      bodySize: 900,
      root: digest(3),
    }
    const seedOf = (name: SignedContentName, bytes: Uint8Array): Buffer => packParts(Buffer.from(name), bytes)
    return {
      seeds: [
        seedOf('root', RootStatement.encode({ ...root, root: digest(1), previousRoot: digest(2) })),
        seedOf('directory', DirectoryStatement.encode(statement)),
        seedOf('descriptor', StationDescriptor.encode({ format: 1, created: corpusMs, station, agencies: ['H03'] })),
      ],
      mutators: inParts([...protobufMutators, ...byteMutators]),
      check(input) {
        const [name = Buffer.alloc(0), bytes = Buffer.alloc(0)] = unpackParts(input)
        const kind =
          (['root', 'directory', 'descriptor'] as const).find((one) => one === name.toString('latin1')) ?? 'root'
        const cms = sign(wrapSignedContent(kind, bytes))
        const verdicts = {
          root: verifyRootStatement(cms, trust),
          directory: verifyDirectoryStatement(cms, trust),
          descriptor: verifyDescriptor(cms, trust),
        }
        for (const [other, verdict] of Object.entries(verdicts)) {
          if (verdict.ok && other !== kind) throw new FuzzComplaint(`a ${kind} was taken for a ${other}`)
          if (!verdict.ok && refusalCode(verdict.reason) === undefined) throw verdict.reason
        }
        const verdict = verdicts[kind]
        if (!verdict.ok) throw verdict.reason
        if (verdicts.root.ok && !Buffer.from(RootStatement.encode(verdicts.root.value.statement)).equals(bytes))
          throw new FuzzComplaint(`a root statement that reads otherwise: ${asText(verdict.value)}`)
      },
    }
  },
}
