// The end of an endurance run: no more packets, and everything that was acknowledged is given the time to arrive, to be receipted
// and to leave the queues. What is then still open is not on its way any more, but lost.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { dataPaths } from '../../src/base/paths.ts'
import { loadConfig } from '../../src/config.ts'
import { verifyEvidenceWith } from '../../src/offline.ts'
import { apiCall } from '../fixtures/station/api-call.ts'
import type { Office } from '../fixtures/station/office.ts'
import type { Books } from './books.ts'
import type { RestlessBackends } from './restless-backends.ts'

/** A retry may wait for minutes by its back-off. */
const patienceMs = 240_000

/** Ends the traffic. All stations must run. Returns the DocIds of whose delivery no receipt came. */
export async function settle(offices: readonly Office[], books: Books, traffic: RestlessBackends): Promise<string[]> {
  await traffic.stopSending()
  const deadline = performance.now() + patienceMs
  let open = await unreceipted(offices, books)
  while ((open.length > 0 || books.missing().length > 0) && performance.now() < deadline) {
    await delay(500)
    open = await unreceipted(offices, books, open)
  }
  // One more round of fetching: what is doubled would be listed by now.
  await delay(1000)
  await traffic.stopFetching()
  return open
}

/** DocIds, of `among` or all that were acknowledged, that are not delivered to all their recipients by their trace. */
async function unreceipted(offices: readonly Office[], books: Books, among?: readonly string[]): Promise<string[]> {
  const wanted = among === undefined ? undefined : new Set(among)
  const open: string[] = []
  for (const office of offices) {
    const socket = await apiSocketOf(office)
    for (const { docId } of books.acknowledgedBy(office.station.id)) {
      if (wanted?.has(docId) === false) continue
      const answer = await apiCall(socket, `/v1/documents/${docId}/trace`)
      const { states } = answer.json<{ states?: { state: string }[] }>()
      const isDelivered =
        states !== undefined && states.length > 0 && states.every(({ state }) => state === 'delivered')
      if (!isDelivered) open.push(docId)
    }
  }
  return open
}

/** How many deliveries a station's queues hold. */
export async function queueLength(office: Office): Promise<number> {
  const answer = await apiCall(await apiSocketOf(office), '/v1/queue')
  return answer.json<{ deliveries: unknown[] }>().deliveries.length
}

/** Exports the evidence of `count` documents of each station and checks it as anybody can. @throws Error when one proves nothing */
export async function verifySomeEvidence(
  offices: readonly Office[],
  books: Books,
  folder: string,
  random: () => number,
  count: number,
): Promise<void> {
  for (const office of offices) {
    const own = books.acknowledgedBy(office.station.id)
    const { trust } = await loadConfig(office.station.configFile)
    for (let at = 0; at < count && own.length > 0; at++) {
      const [{ docId } = { docId: '' }] = own.splice(Math.floor(random() * own.length), 1)
      const answer = await apiCall(await apiSocketOf(office), `/v1/documents/${docId}/evidence`)
      const file = join(folder, 'evidence.zip')
      await writeFile(file, answer.bytes)
      const report = await verifyEvidenceWith(trust, file)
      const withoutReceipt = report.facts?.withoutReceipt ?? ['all']
      if (!report.ok || withoutReceipt.length > 0)
        throw new Error(`evidence of ${docId}: ${JSON.stringify({ checks: report.checks, withoutReceipt })}`)
    }
  }
}

/** Where a station's API listens now. */
export async function apiSocketOf(office: Office): Promise<string> {
  // The data folder may have moved since the office was made.
  const { station } = await loadConfig(office.station.configFile)
  return dataPaths(station.data_folder).apiSocket
}
