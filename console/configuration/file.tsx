import type { ConfigurationFile } from '../../scripts/workflow/configuration.ts'

const mostLines = 2000
const longestLine = 500

/** A file of the team's as it is loaded, with faults shown where they are. */
export function LoadedFile({ file }: { file: ConfigurationFile }) {
  const lines = file.text?.split('\n') ?? []
  return (
    <section class="panel" aria-label={file.name}>
      <h2>
        {file.name} <span class="muted">{file.what}</span>
      </h2>
      {file.fault ? (
        <pre class="fault" tabindex={0}>
          {file.fault}
        </pre>
      ) : file.text === null ? (
        <p class="muted">There is no such file: the product goes on without.</p>
      ) : (
        <p>
          <span class="state sent">in force</span>
        </p>
      )}
      {file.text === null ? null : (
        <details id={`text-of-${file.name.replace('.', '-')}`} open={file.fault !== null}>
          <summary>As it is loaded</summary>
          <ol class="source" tabindex={0}>
            {lines.slice(0, mostLines).map((line, index) => (
              <li class={file.faultLines.has(index + 1) ? 'faulty' : undefined}>
                <code>
                  {(line.length > longestLine ? `${line.slice(0, longestLine).toWellFormed()}…` : line) || ' '}
                </code>
                {file.faultLines.has(index + 1) ? <span class="unseen"> — here is a fault</span> : null}
              </li>
            ))}
          </ol>
          {lines.length > mostLines ? <p class="muted">{lines.length - mostLines} more lines are not shown.</p> : null}
        </details>
      )}
    </section>
  )
}
