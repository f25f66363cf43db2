import { Message } from '../../domain/message.ts'
import { isSettingName, type Settings, settings as settingTable } from '../../lib/config.ts'
import { redactDeep } from '../../lib/redact.ts'

/** The message without what looks like a secret, or is one of ours. */
export function withoutSecrets(message: Message, settings: Settings): Message {
  const values = Object.entries(settings).flatMap(([name, value]) =>
    value && (!isSettingName(name) || settingTable[name].kind !== 'setting') ? value : [],
  )
  return Message.parse(redactDeep(message, values))
}
