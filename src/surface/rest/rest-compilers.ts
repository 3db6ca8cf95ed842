// Compiles a schema of the API when the first request needs it, not when the station starts: all of them took a third of the
// start's CPU time, and most routes of most stations are never called. rest-app.ts gives them to fastify.
import buildAjv from '@fastify/ajv-compiler'
import buildStringify from '@fastify/fast-json-stringify-compiler'
import type { FastifySchemaCompiler, FastifySerializerCompiler } from 'fastify'
import type { TSchema } from 'typebox'

// Fastify's defaults turn '1' into 1 and drop what they do not know: a caller's mistake would pass unseen.
const strict = { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } as const

/** Fastify's own compiler of what comes in, put off. `shared`: schemas that others refer to, by name. */
export function lazyValidators(shared: () => Record<string, unknown>): FastifySchemaCompiler<TSchema> {
  const compiler = once(() => buildAjv()(shared() as Record<string, TSchema>, { customOptions: strict }))
  return (part) => {
    const compiled = once(() => compiler()(part))
    const validate: ReturnType<FastifySchemaCompiler<TSchema>> = (data) => {
      const isValid = compiled()(data) === true
      // Fastify looks for them here.
      validate.errors = compiled().errors ?? null
      return isValid
    }
    return validate
  }
}

/** Fastify's own compiler of what goes out, put off. `shared`: as above. */
export function lazySerializers(shared: () => Record<string, unknown>): FastifySerializerCompiler<TSchema> {
  const compiler = once(() => buildStringify()(shared()))
  return (part) => {
    const compiled = once(() => compiler()(part as Parameters<ReturnType<typeof compiler>>[0]))
    return (data) => compiled()(data)
  }
}

/** `make` at the first call; what it made, ever after. */
function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
