// The logger: levels, one JSON object a line, and nothing that must not be logged.
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { createLogger, type LogLevel, logFields } from '../../../src/base/logger.ts'

/** A logger and the lines that it has written. */
function capture(level: LogLevel) {
  const lines: string[] = []
  return { logger: createLogger(level, { write: (line) => void lines.push(line) }), lines }
}

describe('createLogger', () => {
  it('writes one JSON object a line, with the time in UTC', () => {
    const { logger, lines } = capture('info')
    logger.info({ document: 'abc', sizeBytes: 5 }, 'taken\nin')
    expect(lines).toHaveLength(1)
    const [line = ''] = lines
    expect(line.indexOf('\n')).toBe(line.length - 1)
    const { time, ...rest } = JSON.parse(line)
    expect(rest).toEqual({ level: 30, document: 'abc', sizeBytes: 5, msg: 'taken\nin' })
    expect(new Date(time).toISOString()).toBe(time)
  })

  it('keeps to its level', () => {
    const { logger, lines } = capture('warn')
    logger.info('no')
    logger.warn('yes')
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['yes'])
    const silent = capture('silent')
    silent.logger.fatal('no')
    expect(silent.lines).toEqual([])
  })

  it.each(['pin', 'secret', 'subject', 'content'])('never writes a %s', (key) => {
    const { logger, lines } = capture('trace')
    logger.info({ [key]: 'hidden-1' }, 'flat')
    logger.info({ packet: { [key]: 'hidden-2' } }, 'nested')
    logger.child({ [key]: 'hidden-3' }).info('inherited')
    logger.child({ backend: { [key]: 'hidden-4' } }).info('inherited and nested')
    expect(lines).toHaveLength(4)
    expect(lines.join('')).not.toContain('hidden')
    expect(lines.join('')).toContain('[Redacted]')
  })
})

describe('logFields', () => {
  it('gives code, data and the chain of causes', () => {
    const cause = new Error('outer', { cause: new Error('inner') })
    expect(logFields(new TramError('STORE_FAILED', { detail: 'EIO' }, { cause }))).toEqual({
      code: 'STORE_FAILED',
      data: { detail: 'EIO' },
      message: 'The store cannot be read or written: EIO',
      causes: ['outer', 'inner'],
    })
  })

  it('does not follow a circle of causes for ever', () => {
    const circle = new Error('round')
    circle.cause = circle
    expect(logFields(new TramError('INTERNAL', { detail: 'x' }, { cause: circle })).causes).toHaveLength(5)
  })
})
