// The station itself: its health, its audit log, the PIN of its token, and the description of this API.
import type { Static } from 'typebox'
import { hex, sha256 } from '../../document/document-id.ts'
import type { AuditEntry } from '../../exchange/evidence/audit-log.ts'
import { jsonAnswer } from './rest-answers.ts'
import type { RestRoutes } from './rest-deps.ts'
import { limitOf, numberOf } from './rest-query.ts'
import {
  auditPage,
  auditQuery,
  auditVerdict,
  clockAnswer,
  healthAnswer,
  identifyBody,
  lightsAnswer,
  metricsAnswer,
  pinBody,
  tokenHealth,
} from './rest-schemas.ts'

/** A search for one subject reads at most so much of the log for one answer; `next` goes on from there. */
const maxSearched = 100_000

export const stationRoutes: RestRoutes = (app, site) => {
  app.get(
    '/v1/health',
    {
      schema: {
        tags: ['station'],
        summary: 'How the station is, and the conditions that are true now, worst first',
        response: jsonAnswer(healthAnswer),
      },
    },
    (): Promise<Static<typeof healthAnswer>> => site().health.report(site().stopping),
  )

  app.get(
    '/v1/metrics',
    {
      schema: {
        tags: ['station'],
        summary: 'The state of the station as numbers, by the names of docs/metrics.md; what is not known is absent',
        response: jsonAnswer(metricsAnswer),
      },
    },
    (): Promise<Static<typeof metricsAnswer>> => site().state.values(),
  )

  app.get(
    '/v1/identify',
    {
      schema: {
        tags: ['station'],
        summary: 'Which lights this box has',
        response: jsonAnswer(lightsAnswer),
      },
    },
    async (): Promise<Static<typeof lightsAnswer>> => ({ lights: [...site().lights.colours] }),
  )

  app.get(
    '/v1/audit',
    {
      schema: {
        tags: ['audit'],
        summary: 'Acts, oldest first',
        querystring: auditQuery,
        response: jsonAnswer(auditPage),
      },
    },
    async ({ query }): Promise<Static<typeof auditPage>> => {
      const from = numberOf('from', query.from, { byDefault: 0, min: 0, max: Number.MAX_SAFE_INTEGER })
      const limit = limitOf('limit', query.limit)
      const entries: AuditEntry[] = []
      for await (const entry of site().audit.entries(from)) {
        if (entries.length >= limit || entry.sequence - from >= maxSearched) return { entries, next: entry.sequence }
        if (query.subject === undefined || entry.subject === query.subject) entries.push(entry)
      }
      return { entries, next: null }
    },
  )

  app.get(
    '/v1/audit/verify',
    {
      schema: {
        tags: ['audit'],
        summary: 'Recomputes the hash chain of the log',
        response: jsonAnswer(auditVerdict),
      },
    },
    async (): Promise<Static<typeof auditVerdict>> => ({ entries: await site().audit.verify() }),
  )
}

export const clockRoutes: RestRoutes = (app, site) => {
  app.post(
    '/v1/clock/trust',
    {
      schema: {
        tags: ['station'],
        summary: "A person says that the machine's clock is right: a doubt ends",
        response: jsonAnswer(clockAnswer),
      },
    },
    async (): Promise<Static<typeof clockAnswer>> => {
      const { clock, trustClock } = site()
      await trustClock()
      return { now: clock.now(), doubtful: clock.doubt !== undefined }
    },
  )
}

/** Takes a JSON body. */
export const identifyRoutes: RestRoutes = (app, site) => {
  app.post(
    '/v1/identify',
    {
      schema: {
        tags: ['station'],
        summary: 'Blinks the lights, so that somebody finds the box; 409 when it has none',
        body: identifyBody,
        response: jsonAnswer(lightsAnswer),
      },
    },
    async ({ body }): Promise<Static<typeof lightsAnswer>> => {
      const { lights } = site()
      lights.identify(body.seconds * 1000)
      return { lights: [...lights.colours] }
    },
  )
}

/** Takes a JSON body. Neither it nor its parts are ever logged or answered. */
export const pinRoutes: RestRoutes = (app, site) => {
  app.post(
    '/v1/pin',
    {
      schema: {
        tags: ['station'],
        summary: "A person gives the token's PIN: one login is tried",
        body: pinBody,
        response: jsonAnswer(tokenHealth),
      },
    },
    async ({ body }): Promise<Static<typeof tokenHealth>> => {
      const { token, pins, stopping } = site()
      await pins.enter(body.pin, stopping)
      const { certificate, ...described } = await token.describe(stopping)
      return { ...described, certificateSha256: certificate === null ? null : hex(sha256(certificate)) }
    },
  )
}
