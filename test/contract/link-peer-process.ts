// A station's network as a process of its own, for peer-link.test.ts: it prints its peer id and addresses as one JSON line
// and lives until it is killed. Arguments: key file, and optionally peer id and address of a station to connect to.
import { systemClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/logger.ts'
import { Libp2pNetwork } from '../../src/equipment/link/libp2p-link.ts'
import { LinkRecorder } from './link-recorder.ts'

const [keyFile = '', peerId, address] = process.argv.slice(2)
const network = new Libp2pNetwork(
  { privateKeyFile: keyFile, listen: ['/ip4/127.0.0.1/tcp/0'], maxPeers: 10 },
  {
    policy: {
      admitPeer: async () => true,
      hello: () => ({ protocol: 1, generation: 9, directoryVersion: 9 }),
    },
    handler: new LinkRecorder(),
    logger: createLogger('silent'),
    clock: systemClock,
  },
)
await network.start(AbortSignal.timeout(10_000))
if (peerId !== undefined && address !== undefined) await network.connect(peerId, [address], AbortSignal.timeout(10_000))
process.stdout.write(`${JSON.stringify({ peerId: network.peerId, addresses: network.addresses })}\n`)
