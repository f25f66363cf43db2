import type { Severity } from '../../scripts/domain/alert.ts'

const words: Record<Severity, string> = { CRITICAL: 'Critical', HIGH: 'High', MEDIUM: 'Medium', LOW: 'Low' }

/** Each severity has a shape of its own, so that colour alone tells nothing: octagon, triangle, square, ring. */
const shapes: Record<Severity, string> = {
  CRITICAL:
    'M5 .7h6L15.3 5v6L11 15.3H5L.7 11V5z M7.1 3.6l.3 5.6h1.2l.3-5.6z M8 10.4a1.05 1.05 0 1 0 0 2.1 1.05 1.05 0 0 0 0-2.1z',
  HIGH: 'M8 1.2 15.6 14.6H.4z',
  MEDIUM: 'M2 2h12v12H2z',
  LOW: 'M8 1.6a6.4 6.4 0 1 0 0 12.8A6.4 6.4 0 0 0 8 1.6zm0 2.4a4 4 0 1 1 0 8 4 4 0 0 1 0-8z',
}

/** The shape of a severity and, unless only the shape is wanted, its word. */
export function SeverityMark({ severity, bare = false }: { severity: Severity; bare?: boolean }) {
  return (
    <span class={`severity ${severity.toLowerCase()}`}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
        <path d={shapes[severity]} fill-rule="evenodd" />
      </svg>
      <span class={bare ? 'unseen' : ''}>{words[severity]}</span>
    </span>
  )
}
