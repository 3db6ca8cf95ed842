// TLS that is loaded when a peer first speaks it. Neighbours: libp2p-node.ts sets it into the node.
//
// Our stations speak noise with each other, and TLS brings a library of certificates along: a tenth of the start's CPU time.
import type { tls } from '@libp2p/tls'

type MakeEncrypter = ReturnType<typeof tls>
type Encrypter = ReturnType<MakeEncrypter>

/** As `tls()`. */
export function lateTls(): (components: Parameters<MakeEncrypter>[0]) => Encrypter {
  return (components) => {
    let loading: Promise<Encrypter> | undefined
    const load = (): Promise<Encrypter> => {
      loading ??= import('@libp2p/tls').then(({ tls }) => tls()(components))
      return loading
    }
    return {
      protocol: '/tls/1.0.0',
      secureInbound: async (connection, options) => (await load()).secureInbound(connection, options),
      secureOutbound: async (connection, options) => (await load()).secureOutbound(connection, options),
    }
  }
}
