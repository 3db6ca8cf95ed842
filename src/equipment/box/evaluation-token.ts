// A token for evaluation, made on the box: SoftHSM, a key pair, the request for its certificate, and the certificate that comes back.
// A card or an HSM brings its own key and is never written to here. Everything runs as the signer's user, whose files they are.
import { createHash } from 'node:crypto'
import { TramError } from '../../base/errors.ts'
import { parseCertificate } from '../../document/certificate.ts'
import { certificateRequest, pem } from '../../document/certificate-request.ts'
import type { ProgramWish, RunProgram } from './system-program.ts'

export interface EvaluationToken {
  /** PKCS#11 library. */
  module: string
  label: string
  /** Hex. */
  keyId: string
}

/** As whom programs run that touch the token. */
export type AsSigner = (argv: readonly [string, ...string[]]) => [string, ...string[]]

const env = (pin: string): ProgramWish => ({ env: { SOFTHSM2_CONF: '/etc/tram/softhsm2.conf', TRAM_PIN: pin } })

export class TokenMaker {
  readonly #run: (argv: readonly [string, ...string[]], pin: string, input?: Uint8Array) => Promise<string>
  readonly #token: EvaluationToken

  constructor(token: EvaluationToken, deps: { run: RunProgram; asSigner: AsSigner }) {
    this.#token = token
    this.#run = (argv, pin, input) =>
      deps.run(deps.asSigner(argv), { ...env(pin), ...(input === undefined ? {} : { input }) })
  }

  /** Whether a token with the label is there. */
  async isThere(): Promise<boolean> {
    const out = await this.#run(['pkcs11-tool', '--module', this.#token.module, '--list-token-slots'], '')
    return out
      .split('\n')
      .some((line) => /^\s*token label\s*:/.test(line) && line.split(':')[1]?.trim() === this.#token.label)
  }

  /** Makes the token and a P-256 key pair. The PIN is on a command line for a moment: it is a token for evaluation. */
  async make(pin: string, securityOfficerPin: string): Promise<void> {
    const { module, label, keyId } = this.#token
    await this.#run(
      ['softhsm2-util', '--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', securityOfficerPin],
      pin,
    )
    const key = ['--keypairgen', '--key-type', 'EC:prime256v1', '--id', keyId, '--label', label, '--usage-sign']
    await this.#run(
      ['pkcs11-tool', '--module', module, '--token-label', label, '--login', '--pin', 'env:TRAM_PIN', ...key],
      pin,
    )
  }

  /** SubjectPublicKeyInfo of the key, DER. */
  async publicKey(): Promise<Buffer> {
    return Buffer.from(await this.#read(['--type', 'pubkey'], ''), 'base64')
  }

  /** Whether a certificate of the key is on the token. */
  async hasCertificate(): Promise<boolean> {
    return await this.#read(['--type', 'cert'], '').then(
      (text) => text !== '',
      () => false,
    )
  }

  /** A certification request for `name`, PEM. */
  async request(name: string, pin: string): Promise<string> {
    const { toBeSigned, finish } = certificateRequest(name, await this.publicKey())
    const { module, label, keyId } = this.#token
    const digest = createHash('sha256').update(toBeSigned).digest()
    // Our standard input is a socket, which a program cannot open by its name: a pipe can.
    const tool = `cat | pkcs11-tool --module "$1" --token-label "$2" --login --pin env:TRAM_PIN --id "$3" --sign --mechanism ECDSA --signature-format openssl --input-file /dev/stdin --output-file /dev/stdout 2>/dev/null | base64 -w 0`
    const out = await this.#run(['sh', '-c', tool, 'sh', module, label, keyId], pin, digest)
    if (out === '') throw new TramError('COMMAND_FAILED', { command: 'pkcs11-tool', detail: '--sign' })
    return pem('CERTIFICATE REQUEST', finish(Buffer.from(out, 'base64')))
  }

  /** Puts a certificate beside the key. @throws TramError CERTIFICATE_UNUSABLE: it is of another key */
  async addCertificate(der: Uint8Array, pin: string): Promise<void> {
    const { module, label, keyId } = this.#token
    const { subjectText } = parseCertificate(der)
    if (!Buffer.from(der).includes(await this.publicKey()))
      throw new TramError('CERTIFICATE_UNUSABLE', {
        subject: subjectText,
        detail: 'it is of another key than the token has',
      })
    // It wants to know how long the file is, so it has to be one.
    const tool =
      'f=$(mktemp) && cat >"$f" && pkcs11-tool --module "$1" --token-label "$2" --login --pin env:TRAM_PIN --id "$3" --label "$2" --write-object "$f" --type cert; r=$?; rm -f "$f"; exit $r'
    await this.#run(['sh', '-c', tool, 'sh', module, label, keyId], pin, der)
  }

  /** An object of the key as base64, since programs' outputs are texts. */
  async #read(what: readonly string[], pin: string): Promise<string> {
    const { module, label, keyId } = this.#token
    const tool = `pkcs11-tool --module "$1" --token-label "$2" --id "$3" --read-object "$4" "$5" --output-file /dev/stdout 2>/dev/null | base64 -w 0`
    return await this.#run(['sh', '-c', tool, 'sh', module, label, keyId, ...what], pin)
  }
}
