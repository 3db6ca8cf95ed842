// Why a token cannot sign, as the condition that people are told. Beside the port token.ts; for health and the commands.
import type { ConditionData, StateCode } from '../../base/conditions/catalogue.ts'
import { type StateError, TramError } from '../../base/errors.ts'
import type { TokenDescription } from './token.ts'

/** The condition of a token that is not `ready`; undefined when it is. */
export function tokenTrouble({ state, detail, failure, label }: TokenDescription): StateError | undefined {
  // What was last heard of a token is nothing to go by while its signer is out of reach.
  if (failure !== undefined && state !== 'ready' && state !== 'unreachable')
    return new TramError(failure.code, failure.data as ConditionData<StateCode>)
  switch (state) {
    case 'ready':
      return undefined
    case 'needs-pin':
      return new TramError('TOKEN_PIN_NEEDED', { token: label })
    case 'latched':
      return new TramError('TOKEN_PIN_LATCHED', { token: label, reason: detail })
    case 'unreachable':
      return new TramError('SIGNER_UNREACHABLE', { detail })
    case 'absent':
      return new TramError('TOKEN_ABSENT', { token: label })
    case 'faulty':
      return new TramError('TOKEN_FAILED', { rv: detail, operation: 'C_OpenSession' })
  }
}
