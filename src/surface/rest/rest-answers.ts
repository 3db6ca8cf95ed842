// What a route answers, in the words of fastify and OpenAPI: JSON by a schema, or bytes; problem details for all the rest.
import Type, { type TSchema } from 'typebox'
import { problemName } from './rest-schemas.ts'

const problem = { $ref: `${problemName}#` }
const problems = { description: 'refused or failed', content: { 'application/problem+json': { schema: problem } } }

/** Answers by status: JSON by `schema`. */
export function jsonAnswer(schema: TSchema, alsoStatus?: 201) {
  const answer = { description: 'done', content: { 'application/json': { schema } } }
  return {
    200: answer,
    ...(alsoStatus === undefined ? {} : { [alsoStatus]: { ...answer, description: 'done, and new' } }),
    '4xx': problems,
    '5xx': problems,
  }
}

/** Answers by status: bytes of a media type. */
export function bytesAnswer(mediaType: string) {
  const schema = Type.Unsafe<unknown>({})
  return { 200: { description: 'the bytes', content: { [mediaType]: { schema } } }, '4xx': problems, '5xx': problems }
}

/** A body that is bytes: read as it comes, not checked here. Other media types than the one shown are taken as well. */
export function bytesBody(mediaType: string) {
  return { content: { [mediaType]: { schema: Type.Unsafe<unknown>({}) } } }
}
