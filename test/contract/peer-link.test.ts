// The peer-link contract on its adapters, and what only libp2p can get wrong: processes that die, many dials at once.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p, PrivateKey, StreamMuxerFactory } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock, TestClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/logger.ts'
import { peerIdFromKeyFile } from '../../src/equipment/link/libp2p-identity.ts'
import { Libp2pNetwork, linkProtocol } from '../../src/equipment/link/libp2p-link.ts'
import { createLoopback, createMemoryNetworks, type MemoryNetwork } from '../../src/equipment/link/memory-link.ts'
import type { LinkPolicy } from '../../src/equipment/link/peer-link.ts'
import { LinkRecorder } from './link-recorder.ts'
import { describePeerLinks, type LinkHarness, type NetworkUnderTest } from './peer-link-contract.ts'

const logger = createLogger('silent')
const everybody: LinkPolicy = {
  admitPeer: async () => true,
  hello: () => ({ protocol: 1, generation: 1, directoryVersion: 1 }),
}
const signal = (): AbortSignal => AbortSignal.timeout(20_000)

class Libp2pHarness implements LinkHarness {
  #stops: (() => unknown)[] = []

  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'tram-link-'))
    this.#stops.push(() => rm(folder, { recursive: true }))
    return folder
  }

  async create(networks: readonly NetworkUnderTest[]): Promise<Libp2pNetwork[]> {
    const folder = await this.folder()
    return await Promise.all(
      networks.map(async ({ policy, handler, maxPeers = 100, helloTimeoutMs = 5000 }, index) => {
        const network = new Libp2pNetwork(
          { privateKeyFile: join(folder, `${index}.key`), listen: ['/ip4/127.0.0.1/tcp/0'], maxPeers, helloTimeoutMs },
          { policy, handler, logger, clock: systemClock },
        )
        await network.start(signal())
        this.#stops.push(() => network.stop())
        return network
      }),
    )
  }

  async node(
    encrypter: ReturnType<typeof tls> | ReturnType<typeof noise> = tls(),
    muxer: () => StreamMuxerFactory = yamux(),
    privateKey?: PrivateKey,
  ): Promise<Libp2p> {
    const node = await createLibp2p({
      privateKey: privateKey ?? (await generateKeyPair('Ed25519')),
      transports: [tcp()],
      connectionEncrypters: [encrypter],
      streamMuxers: [muxer],
    })
    this.#stops.push(() => node.stop())
    return node
  }

  async intrude(target: Libp2pNetwork) {
    const node = await this.node()
    const stream = await node.dialProtocol(
      target.addresses.map((address) => multiaddr(`${address}/p2p/${target.peerId}`)),
      linkProtocol,
    )
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    stream.addEventListener('message', () => undefined)
    stream.addEventListener('close', () => resolve())
    stream.addEventListener('remoteCloseWrite', () => resolve())
    return {
      peerId: node.peerId.toString(),
      send: (bytes: Uint8Array) => {
        stream.send(bytes)
      },
      closed,
    }
  }

  /** Something to do at the end of the test. */
  later(stop: () => unknown): void {
    this.#stops.push(stop)
  }

  async clear(): Promise<void> {
    const stops = this.#stops.reverse()
    this.#stops = []
    for (const stop of stops) await stop()
  }
}

let memoryNetworks: MemoryNetwork[] = []
const air = new Map<string, MemoryNetwork>()
describePeerLinks('memory', {
  create: async (networks) => {
    const made = createMemoryNetworks(networks, air)
    memoryNetworks.push(...made)
    for (const network of made) await network.start()
    return made
  },
  intrude: async (target) => {
    const network = memoryNetworks.find((candidate) => candidate === target)
    if (network === undefined) throw new Error('not one of ours')
    return { peerId: 'intruder', ...network.intrude('intruder') }
  },
  clear: async () => {
    for (const network of memoryNetworks) await network.stop()
    memoryNetworks = []
  },
})

const libp2pHarness = new Libp2pHarness()
describePeerLinks('libp2p', {
  create: (networks) => libp2pHarness.create(networks),
  intrude: (target) => {
    if (!(target instanceof Libp2pNetwork)) throw new Error('not one of ours')
    return libp2pHarness.intrude(target)
  },
  clear: () => libp2pHarness.clear(),
})

describe('libp2p links', () => {
  const harness = new Libp2pHarness()
  afterEach(() => harness.clear())

  async function station(maxPeers = 100): Promise<{ network: Libp2pNetwork; recorder: LinkRecorder }> {
    const recorder = new LinkRecorder()
    const [network] = await harness.create([{ policy: everybody, handler: recorder, maxPeers }])
    if (network === undefined) throw new Error('a network was asked for')
    return { network, recorder }
  }

  /** Starts a peer in a process of its own; resolves when it says where it is. */
  async function peerProcess(...args: string[]): Promise<{ child: ChildProcess; peerId: string; addresses: string[] }> {
    const child = fork(join(import.meta.dirname, 'link-peer-process.ts'), args, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    harness.later(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    })
    if (child.stdout === null) throw new Error('the child has no output')
    const [line] = await once(child.stdout, 'data')
    return { child, ...JSON.parse(String(line)) }
  }

  it('see that the peer was killed, and take it back when it is started again', async () => {
    const { network, recorder } = await station()
    const key = join(await harness.folder(), 'peer.key')
    const [address = ''] = network.addresses
    for (let round = 1; round <= 2; round += 1) {
      const { child, peerId } = await peerProcess(key, network.peerId, address)
      await recorder.until((seen) => seen.count('open') === round)
      const link = network.link(peerId)
      expect(link?.remote.generation).toBe(9)
      child.kill('SIGKILL')
      await recorder.until((seen) => seen.count('close') === round)
      expect(link?.closed.reason).toMatchObject({ code: 'LINK_CLOSED' })
      expect(network.link(peerId)).toBeUndefined()
    }
  })

  it('fail a waiting sender when the peer is killed', async () => {
    const { network } = await station()
    const peer = await peerProcess(join(await harness.folder(), 'peer.key'))
    const link = await network.connect(peer.peerId, peer.addresses, signal())
    peer.child.kill('SIGSTOP')
    // A stopped process reads nothing: sooner or later a sender waits.
    const sending = Promise.all(
      Array.from({ length: 100 }, (_, index) => link.sendData('bulk', 1, index, new Uint8Array(60_000), signal())),
    )
    sending.catch(() => undefined)
    peer.child.kill('SIGKILL')
    await expect(sending).rejects.toMatchObject({ code: 'LINK_CLOSED' })
  })

  it('open to 94 stations behind one address that dial at the same moment', async () => {
    const hub = await station(100)
    const others = await Promise.all(Array.from({ length: 94 }, () => station()))
    const links = await Promise.all(
      others.map(({ network }) => network.connect(hub.network.peerId, hub.network.addresses, signal())),
    )
    await hub.recorder.until((seen) => seen.count('open') === 94)
    for (const [index, link] of links.entries()) link.send({ want: { transfer: index, firstChunk: 0 } })
    await hub.recorder.until((seen) => seen.messages.length === 94)
    expect(new Set(hub.recorder.messages.map(({ want }) => want?.transfer)).size).toBe(94)
    expect(hub.recorder.count('close')).toBe(0)
  })

  it('leave one peer a handful of connections and streams, whatever it opens, and take others beside it', async () => {
    const recorder = new LinkRecorder()
    // One address may open so many in a second: the twenty, and the other that is to be taken beside them.
    const [victim] = await harness.create([
      { policy: everybody, handler: recorder, maxPeers: 24, helloTimeoutMs: 50_000 },
    ])
    if (victim === undefined) throw new Error('a network was asked for')
    // One node dials a peer once: so the same peer many times over.
    const privateKey = await generateKeyPair('Ed25519')
    const nodes = await Promise.all(Array.from({ length: 20 }, () => harness.node(tls(), yamux(), privateKey)))
    const target = victim.addresses.map((address) => multiaddr(`${address}/p2p/${victim.peerId}`))
    await Promise.allSettled(nodes.map((node) => node.dial(target)))
    const open = () => nodes.flatMap((node) => node.getConnections()).filter(({ status }) => status === 'open')
    await expect.poll(() => open().length).toBeLessThanOrEqual(4)
    const [connection] = open()
    const streams = await Promise.allSettled(
      Array.from({ length: 1000 }, async () => connection?.newStream(linkProtocol, { maxOutboundStreams: 2000 })),
    )
    const held = () => streams.filter((one) => one.status === 'fulfilled' && one.value?.status === 'open').length
    await expect.poll(held).toBeLessThanOrEqual(4)
    const { network } = await station()
    await network.connect(victim.peerId, victim.addresses, signal())
    await recorder.until((seen) => seen.count('open') === 1)
  })

  it('outlive a peer that talks and hangs up while it is being admitted', async () => {
    const uncaught: unknown[] = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => uncaught.push(error))
    harness.later(() => {
      process.removeAllListeners('uncaughtException')
      for (const listener of others) process.on('uncaughtException', listener)
    })
    const hungUp = Promise.withResolvers<void>()
    const slow: LinkPolicy = {
      ...everybody,
      admitPeer: async () => {
        // As long as it takes: what the peer said and that it left are there before the muxer is.
        await hungUp.promise
        for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve))
        return true
      },
    }
    const recorder = new LinkRecorder()
    const [victim] = await harness.create([{ policy: slow, handler: recorder }])
    if (victim === undefined) throw new Error('a network was asked for')
    const ping = Buffer.from([0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1])
    const hasty: StreamMuxerFactory = {
      protocol: '/yamux/1.0.0',
      createStreamMuxer: (connection) => {
        const muxer = yamux({ enableKeepAlive: false })().createStreamMuxer(connection)
        connection.send(Buffer.concat([ping, ping, ping]))
        connection.close().then(hungUp.resolve, () => hungUp.resolve())
        return muxer
      },
    }
    const node = await harness.node(tls(), () => hasty)
    await node
      .dial(victim.addresses.map((address) => multiaddr(`${address}/p2p/${victim.peerId}`)))
      .catch(() => undefined)
    await hungUp.promise
    // Behind it on the same listener: when this one is served, the other one has been.
    const { network } = await station()
    await network.connect(victim.peerId, victim.addresses, signal())
    await recorder.until((seen) => seen.count('open') === 1)
    expect(uncaught).toEqual([])
  })

  it('cut a connection on which no stream is opened', async () => {
    const recorder = new LinkRecorder()
    const [victim] = await harness.create([{ policy: everybody, handler: recorder, helloTimeoutMs: 1000 }])
    const node = await harness.node()
    if (victim === undefined) throw new Error('a network was asked for')
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    node.addEventListener('connection:close', () => resolve())
    await node.dial(victim.addresses.map((address) => multiaddr(`${address}/p2p/${victim.peerId}`)))
    await closed
    expect(recorder.events).toEqual([])
  })

  it('speak noise, and TLS with a peer that has no noise', async () => {
    const { network } = await station()
    const used: (string | undefined)[] = []
    for (const encrypter of [tls(), noise()]) {
      const node = await harness.node(encrypter)
      const connection = await node.dial(
        network.addresses.map((address) => multiaddr(`${address}/p2p/${network.peerId}`)),
      )
      used.push(connection.encryption)
    }
    expect(used).toEqual(['/tls/1.0.0', '/noise'])
  })

  it('keep their identity in a file that only the station reads', async () => {
    const file = join(await harness.folder(), 'peer.key')
    const both = await Promise.all([peerIdFromKeyFile(file), peerIdFromKeyFile(file)])
    expect(both[0]).toBe(both[1])
    expect(await peerIdFromKeyFile(file)).toBe(both[0])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const network = new Libp2pNetwork(
      { privateKeyFile: file, listen: [], maxPeers: 5 },
      { policy: everybody, handler: new LinkRecorder(), logger, clock: systemClock },
    )
    expect(() => network.peerId).toThrow('not started')
    await network.start(signal())
    expect(network.peerId).toBe(both[0])
    await network.stop()
  })

  it('fail to start, and can be stopped, when an address is taken', async () => {
    const { network } = await station()
    const second = new Libp2pNetwork(
      { privateKeyFile: join(await harness.folder(), 'peer.key'), listen: network.addresses, maxPeers: 5 },
      { policy: everybody, handler: new LinkRecorder(), logger, clock: systemClock },
    )
    await expect(second.start(signal())).rejects.toThrow()
    await second.stop()
  })
})

describe('links in memory', () => {
  async function silent(): Promise<{
    clock: TestClock
    recorder: LinkRecorder
    farRecorder: LinkRecorder
    network: MemoryNetwork
    far: MemoryNetwork
  }> {
    const clock = new TestClock()
    const recorder = new LinkRecorder()
    const farRecorder = new LinkRecorder()
    const [network, far] = createMemoryNetworks([
      { policy: everybody, handler: recorder, clock },
      { policy: everybody, handler: farRecorder, clock },
    ])
    if (network === undefined || far === undefined) throw new Error('two networks were asked for')
    await network.start()
    await far.start()
    await network.connect(far.peerId, far.addresses, signal())
    return { clock, recorder, farRecorder, network, far }
  }

  it('live on pings alone', async () => {
    const { clock, recorder, network, far } = await silent()
    for (let seconds = 0; seconds < 300; seconds += 5) {
      clock.advance(5000)
      network.tick()
      far.tick()
      // Two turns: the ping there, the pong back.
      for (let turns = 0; turns < 4; turns += 1) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(recorder.count('close')).toBe(0)
    await Promise.all([network.stop(), far.stop()])
  })

  it('notice a peer that says nothing for 45 s', async () => {
    const { clock, recorder, network, far } = await silent()
    clock.advance(44_999)
    network.tick()
    expect(recorder.count('close')).toBe(0)
    // No turn of the event loop has passed: the pong is still on its way.
    clock.advance(1)
    network.tick()
    expect(recorder.events.map(({ kind }) => kind)).toEqual(['open', 'close'])
    expect(recorder.events[1]?.link.closed.reason).toMatchObject({ data: { detail: 'nothing heard for 45 s' } })
    await Promise.all([network.stop(), far.stop()])
  })

  it('are replaced when a restarted peer comes back before its death was noticed', async () => {
    const sky = new Map<string, MemoryNetwork>()
    const hub = new LinkRecorder()
    const [station] = createMemoryNetworks([{ peerId: 'hub', policy: everybody, handler: hub }], sky)
    const peers = createMemoryNetworks(
      [1, 2].map(() => ({ peerId: 'peer', policy: everybody, handler: new LinkRecorder() })),
      sky,
    )
    const [before, after] = peers
    if (station === undefined || before === undefined || after === undefined) throw new Error('three were asked for')
    await station.start()
    await before.connect('hub', station.addresses, signal())
    const old = station.link('peer')
    await after.connect('hub', station.addresses, signal())
    expect(hub.events.map(({ kind }) => kind)).toEqual(['open', 'close', 'open'])
    expect(old?.closed.aborted).toBe(true)
    expect(station.link('peer')).toBe(hub.events[2]?.link)
    await Promise.all([station.stop(), before.stop(), after.stop()])
  })

  it('give idle credit back to the station', async () => {
    const { clock, recorder, farRecorder, network, far } = await silent()
    const link = far.link(network.peerId)
    for (let index = 0; index < 40; index += 1) {
      clock.advance(20)
      await link?.sendData('bulk', 1, index, new Uint8Array(60_000), signal())
    }
    await recorder.until((seen) => seen.data.length === 40)
    // The last credit is on its way: it is there when this has come back.
    network.link(far.peerId)?.send({ end: { transfer: 1 } })
    await farRecorder.until((seen) => seen.messages.length === 1)
    expect(network.lentBytes).toBeGreaterThan(0)
    far.tick()
    far.tick()
    link?.send({ end: { transfer: 1 } })
    await recorder.until((seen) => seen.messages.length === 1)
    expect(network.lentBytes).toBe(0)
    await Promise.all([network.stop(), far.stop()])
  })
})

describe('the loopback', () => {
  it('delivers to the same handler, both ways, in order, not before the sender goes on', async () => {
    const recorder = new LinkRecorder()
    const loopback = createLoopback('self', recorder, everybody.hello)
    expect(recorder.count('open')).toBe(2)
    expect([loopback.peerId, loopback.remote.generation]).toEqual(['self', 1])
    loopback.send({ want: { transfer: 1, firstChunk: 0 } })
    expect(recorder.messages).toEqual([])
    for (let index = 0; index < 200; index += 1)
      await loopback.sendData('bulk', 1, index, new Uint8Array(50_000), signal())
    loopback.send({ end: { transfer: 1 } })
    await recorder.until((seen) => seen.messages.length === 2 && seen.data.length === 200)
    expect(recorder.data.map(({ offset }) => offset)).toEqual([...Array(200).keys()])
    // What comes in comes on the other end: an answer there goes back to the sender.
    const receiving = recorder.data[0]?.link
    expect(receiving).not.toBe(loopback)
    receiving?.send({ stored: { transfer: 1 } })
    await recorder.until((seen) => seen.messages.length === 3)
    const answer = recorder.events.findLast((event) => event.kind === 'message')
    expect(answer?.link).toBe(loopback)
    await loopback.close('enough')
    await recorder.until((seen) => seen.count('close') === 2)
  })
})
