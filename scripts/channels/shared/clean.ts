import { Message } from '../../domain/message.ts'
import type { Settings } from '../../lib/config.ts'
import { redactDeep } from '../../lib/redact.ts'
import { secretValues } from '../../lib/secret-values.ts'

/** The message without what looks like a secret, or is one of ours. */
export function withoutSecrets(message: Message, settings: Settings): Message {
  return Message.parse(redactDeep(message, secretValues(settings)))
}
