// The broker kit of docs/monitoring/mosquitto on a real mosquitto, as it is shipped: only its paths and ports are replaced. Who may
// come in, who may write what, who may read.
import 'reflect-metadata'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SubjectAlternativeNameExtension } from '@peculiar/x509'
import { connectAsync, type IClientOptions } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HealthBroker } from '../../src/equipment/mqtt/health-broker.ts'
import { MqttHealthBroker } from '../../src/equipment/mqtt/mqtt-health-broker.ts'
import { probeBroker } from '../../src/equipment/mqtt/mqtt-probe.ts'
import { freePort, Mosquitto, Onlooker } from '../fixtures/mqtt/mosquitto.ts'
import {
  createTestPki,
  keyUsage,
  makeCertificate,
  type TestPki,
  toPem,
  toPrivatePem,
} from '../fixtures/pki/test-pki.ts'
import { silent } from '../fixtures/store/temporary-store.ts'

const never = new AbortController().signal
const kit = join(import.meta.dirname, '../../docs/monitoring/mosquitto')
let folder = ''
let pki: TestPki
let strangerPki: TestPki
let mosquitto: Mosquitto
let operatorUrl = ''
const operator: IClientOptions = { username: 'operator', password: 'chỉ đọc' }
const brokers: HealthBroker[] = []

/** Writes `<name>.pem` and `<name>.key`, issued by `ca`. */
async function issue(ca: TestPki, name: string, extensions: SubjectAlternativeNameExtension[] = []): Promise<void> {
  const leaf = await makeCertificate({
    name: `CN=${name}`,
    issuer: ca.root,
    basicConstraints: { ca: false },
    keyUsage: keyUsage.digitalSignature,
    extensions,
  })
  writeFileSync(join(folder, `${name}.pem`), toPem(leaf.certificateDer))
  writeFileSync(join(folder, `${name}.key`), toPrivatePem(leaf.key.privateKey), { mode: 0o600 })
}

/** A station that calls itself `id` and has the certificate of `certificate`. */
function station(id: string, certificate = id): HealthBroker {
  const topic = `tram/v1/hn/${id}/availability`
  const mqtt = {
    ...{
      url: `mqtts://127.0.0.1:${mosquitto.port}`,
      site: 'hn',
      state_interval_s: 60,
      keepalive_s: 5,
      will_delay_s: 1,
    },
    ca_file: join(folder, 'ca.pem'),
    certificate_file: join(folder, `${certificate}.pem`),
    key_file: join(folder, `${certificate}.key`),
  }
  const broker = new MqttHealthBroker(
    {
      ...{ mqtt, clientId: id, backOffMs: { first: 200, longest: 400 } },
      presence: { topic, online: 'online', offline: 'offline', offlineAfterMs: 1000 },
    },
    { logger: silent },
  )
  brokers.push(broker)
  return broker
}

async function connected(broker: HealthBroker): Promise<void> {
  await broker.start(never)
  while (!broker.isConnected) {
    expect(broker.trouble?.message ?? '').toBe('')
    await delay(10)
  }
}

async function troubleOf(broker: HealthBroker): Promise<string> {
  await broker.start(never)
  while (broker.trouble === undefined) await delay(10)
  expect(broker.isConnected).toBe(false)
  return broker.trouble.code
}

const withoutReconnect = { protocolVersion: 5, reconnectPeriod: 0 } as const
const secure = (): IClientOptions => ({ ...withoutReconnect, ca: readFileSync(join(folder, 'ca.pem')) })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tram-mqtt-kit-'))
  ;[pki, strangerPki] = await Promise.all([createTestPki({ name: 'MQTT' }), createTestPki({ name: 'Stranger' })])
  writeFileSync(join(folder, 'ca.pem'), pki.rootPem)
  await issue(pki, 'broker', [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])])
  for (const name of ['so-noi-vu', 'so-y-te']) await issue(pki, name)
  await issue(strangerPki, 'stranger')
  execFileSync('mosquitto_passwd', ['-b', '-c', join(folder, 'operators.passwords'), 'operator', 'chỉ đọc'], {
    stdio: 'ignore',
  })
  for (const name of ['stations.acl', 'operators.acl'])
    writeFileSync(join(folder, name), readFileSync(join(kit, name)), { mode: 0o600 })
  const [stationPort, operatorPort] = [await freePort(), await freePort()]
  const configuration = readFileSync(join(kit, 'mosquitto.conf'), 'utf8')
    .replaceAll('/etc/mosquitto/tram/', `${folder}/`)
    .replaceAll('/var/lib/mosquitto/', `${folder}/`)
    .replace('listener 8883', `listener ${stationPort} 127.0.0.1`)
    .replace('listener 8884', `listener ${operatorPort} 127.0.0.1`)
  mosquitto = await Mosquitto.run(stationPort, configuration)
  operatorUrl = `mqtts://127.0.0.1:${operatorPort}`
  Object.assign(operator, secure())
})

afterAll(async () => {
  for (const broker of brokers) await broker.stop()
  await mosquitto?.remove()
  rmSync(folder, { recursive: true, force: true })
})

describe('the broker kit', () => {
  it('lets a station in, which an operator then sees', async () => {
    const onlooker = await Onlooker.open(operatorUrl, 'tram/v1/#', operator)
    const broker = station('so-noi-vu')
    await connected(broker)
    await broker.publish('tram/v1/hn/so-noi-vu/state', Buffer.from('{"status":0}'), { retain: true })
    expect(await onlooker.waitFor('tram/v1/hn/so-noi-vu/state', 1)).toEqual(['{"status":0}'])
    expect(onlooker.texts('tram/v1/hn/so-noi-vu/availability')).toEqual(['online'])
    await broker.stop()
    expect(await onlooker.waitFor('tram/v1/hn/so-noi-vu/availability', 2)).toEqual(['online', 'offline'])
    await onlooker.close()
  })

  it("refuses a station outside its own topics, and as another's will", async () => {
    const broker = station('so-noi-vu')
    await connected(broker)
    for (const topic of [
      'tram/v1/hn/so-y-te/state',
      'tram/v1/so-noi-vu',
      'homeassistant/x',
      'tram/v1/hn/so-noi-vux/state',
    ])
      await expect(broker.publish(topic, Buffer.from('1'), { retain: true })).rejects.toMatchObject({
        code: 'BROKER_REFUSED',
      })
    expect(broker.isConnected).toBe(true)
    // Its certificate says who it is: with that of another it can neither leave a will for it nor say that it is there.
    const liar = station('so-y-te', 'so-noi-vu')
    expect(await troubleOf(liar)).toMatch(/^BROKER_/)
    await liar.stop()
    const onlooker = await Onlooker.open(operatorUrl, 'tram/v1/#', operator)
    await delay(1500)
    expect(onlooker.seen.filter(({ topic }) => topic.includes('so-y-te'))).toEqual([])
    await onlooker.close()
    await broker.stop()
  })

  it('lets no station take the place of another, or read', async () => {
    const victim = station('so-noi-vu')
    await connected(victim)
    const own = {
      ...secure(),
      cert: readFileSync(join(folder, 'so-y-te.pem')),
      key: readFileSync(join(folder, 'so-y-te.key')),
    }
    const client = await connectAsync(`mqtts://127.0.0.1:${mosquitto.port}`, { ...own, clientId: 'so-noi-vu' })
    const seen: string[] = []
    client.on('message', (topic) => seen.push(topic))
    await client.subscribeAsync('tram/v1/#', { qos: 1 }).catch(() => undefined)
    await victim.publish('tram/v1/hn/so-noi-vu/state', Buffer.from('{}'), { retain: true })
    await client.publishAsync('tram/v1/hn/so-y-te/state', '{}', { qos: 1 })
    expect(victim.isConnected).toBe(true)
    expect(seen).toEqual([])
    await client.endAsync(true)
    await victim.stop()
  })

  it('lets an operator read, and write nothing', async () => {
    const client = await connectAsync(operatorUrl, operator)
    for (const topic of ['tram/v1/hn/so-noi-vu/state', 'tram/v1/hn/operator/state', 'x'])
      await expect(client.publishAsync(topic, 'forged', { qos: 1, retain: true })).rejects.toThrow('Not authorized')
    await client.endAsync(true)
  })

  it('refuses who has no certificate, that of a stranger, or no password', async () => {
    expect(await troubleOf(station('stranger'))).toBe('BROKER_UNREACHABLE')
    const url = `mqtts://127.0.0.1:${mosquitto.port}`
    await expect(connectAsync(url, { ...secure(), connectTimeout: 5_000 })).rejects.toThrow()
    await expect(connectAsync(url, { ...operator, connectTimeout: 5_000 })).rejects.toThrow()
    await expect(connectAsync(operatorUrl, secure())).rejects.toThrow()
    await expect(connectAsync(operatorUrl, { ...operator, password: 'đoán' })).rejects.toThrow()
  })

  it('is asked by the doctor without the running station noticing, and says what is wrong', async () => {
    const onlooker = await Onlooker.open(operatorUrl, 'tram/v1/#', operator)
    const broker = station('so-noi-vu')
    await connected(broker)
    const url = `mqtts://127.0.0.1:${mosquitto.port}`
    const as = (name: string, ca = 'ca') => ({
      ...{ url, ca_file: join(folder, `${ca}.pem`), certificate_file: join(folder, `${name}.pem`) },
      key_file: join(folder, `${name}.key`),
    })
    await probeBroker(as('so-noi-vu'), never)
    await broker.publish('tram/v1/hn/so-noi-vu/state', Buffer.from('{}'), { retain: true })
    await onlooker.waitFor('tram/v1/hn/so-noi-vu/state', 1)
    expect(broker.isConnected).toBe(true)
    // The first is what an earlier test has left.
    expect(onlooker.texts('tram/v1/hn/so-noi-vu/availability')).toEqual(['offline', 'online'])
    await broker.stop()
    await onlooker.close()
    writeFileSync(join(folder, 'stranger-ca.pem'), strangerPki.rootPem)
    const nobody = createServer((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request'))).listen(0)
    await once(nobody, 'listening')
    const { port } = nobody.address() as AddressInfo
    for (const [mqtt, detail] of [
      [as('stranger'), /alert|unknown ca/i],
      [as('so-noi-vu', 'stranger-ca'), /certificate/],
      [as('none'), /ENOENT/],
      [{ url: `mqtt://127.0.0.1:${port}` }, /no MQTT broker/],
      [{ url: `mqtt://127.0.0.1:${await freePort()}` }, /ECONNREFUSED/],
    ] as const)
      await expect(probeBroker(mqtt, never)).rejects.toMatchObject({
        ...{ code: 'BROKER_UNREACHABLE', data: { detail: expect.stringMatching(detail) } },
      })
    nobody.close()
  })

  it('is not believed by a station that does not know its authority', async () => {
    writeFileSync(join(folder, 'own-ca.pem'), readFileSync(join(folder, 'ca.pem')))
    writeFileSync(join(folder, 'ca.pem'), strangerPki.rootPem)
    try {
      expect(await troubleOf(station('so-noi-vu'))).toBe('BROKER_UNREACHABLE')
    } finally {
      writeFileSync(join(folder, 'ca.pem'), readFileSync(join(folder, 'own-ca.pem')))
    }
    // Certificates are read anew at each attempt.
    const last = brokers.at(-1)
    while (last?.isConnected !== true) await delay(20)
    expect(last.trouble).toBeUndefined()
  })
})
