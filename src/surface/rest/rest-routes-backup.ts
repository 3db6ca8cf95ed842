// The store for a backup, as a stream. The command line adds configuration and identity, seals it and writes it to a stick.
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { bytesAnswer } from './rest-answers.ts'
import type { RestRoutes } from './rest-deps.ts'

export const backupRoutes: RestRoutes = (app, site) => {
  app.get(
    '/v1/backup',
    {
      schema: {
        tags: ['station'],
        summary: 'All records, packets and directory files of this moment, as a tar; `store.json` is its last member',
        response: bytesAnswer('application/x-tar'),
      },
    },
    async (_request, reply) => {
      const tar = Readable.from(site().backup.stream(site().stopping), { objectMode: false })
      // One that cannot begin is refused, not begun. A fault that comes later breaks the answer off.
      await once(tar, 'readable')
      return reply.type('application/x-tar').send(tar)
    },
  )
}
