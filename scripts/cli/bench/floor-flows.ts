import type { Ending } from './alerts.ts'

/** What each task emits for the flows to go the same way as with the real one. */
const emitted: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>> = {
  receive: { count: 1, incident: 'INC-FLOOR', dispatch: 'one' },
  gather: { proceed: true, source: 'bench' },
  analyze: { analyzer: 'rules' },
  notify: { sent: 1, later: 0 },
}

const routed: Readonly<Record<Ending, Readonly<Record<string, string>>>> = {
  notified: { action: 'notify_team', severity: 'HIGH', next: 'notify' },
  dismissed: { action: 'dismiss', severity: 'LOW', next: 'none' },
}

/**
 * A flow as it is, with every script replaced by `node -e 0`: what Kestra, the shell and the start of Node cost alone.
 * The outputs that the flow branches on are printed by the shell, which takes no process of its own.
 */
export function floorFlow(source: string, ending: Ending): string {
  return source.replace(/^( *)- node .*\/dist\/tasks\/(\w+)\.cjs$/gm, (_line, indent: string, task: string) => {
    const outputs = task === 'route' ? routed[ending] : emitted[task]
    const print = outputs ? ` && echo '::${JSON.stringify({ outputs })}::'` : ''
    return `${indent}- ${JSON.stringify(`node -e 0${print}`)}`
  })
}
