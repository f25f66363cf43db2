package io.dataincidentmanager.engine.api;

import io.dataincidentmanager.engine.Kestra;
import io.dataincidentmanager.engine.http.HttpError;
import io.dataincidentmanager.engine.http.Reply;
import io.kestra.core.models.executions.Execution;
import io.kestra.core.models.flows.Flow;
import io.kestra.core.repositories.ExecutionRepositoryInterface;
import io.kestra.core.repositories.FlowRepositoryInterface;
import io.kestra.core.serializers.JacksonMapper;
import io.kestra.core.services.ExecutionStreamingService;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;

/**
 * Follows an execution to its end by reading its row: a subscription to the queue can miss the end of an execution
 * that was over before it began, and a row is read by key in well under a millisecond.
 */
final class Following {
    private static final Duration APPEARS_WITHIN = Duration.ofSeconds(10);
    private static final Duration ENDS_WITHIN = Duration.ofHours(1);
    private static final long TURN_MILLIS = 100;
    private static final int TURNS_PER_SIGN_OF_LIFE = 150;

    private final ExecutionRepositoryInterface executions;
    private final FlowRepositoryInterface flows;
    private final ExecutionStreamingService streaming;
    private final ExecutionJson json;

    Following(Kestra kestra, ExecutionJson json) {
        this.executions = kestra.bean(ExecutionRepositoryInterface.class);
        this.flows = kestra.bean(FlowRepositoryInterface.class);
        this.streaming = kestra.bean(ExecutionStreamingService.class);
        this.json = json;
    }

    /** Waits until it has ended, or for an hour; answers how it then is. */
    Execution end(Execution execution) throws InterruptedException {
        Execution current = appear(execution.getId());
        Flow flow = flows.findByExecutionWithoutAcl(current);
        Instant deadline = Instant.now().plus(ENDS_WITHIN);
        while (!streaming.isStopFollow(flow, current) && Instant.now().isBefore(deadline)) {
            Thread.sleep(TURN_MILLIS);
            current = executions.findById(Tenant.MAIN, execution.getId()).orElse(current);
        }
        return current;
    }

    /** Server-sent events as Kestra's: {@code id: progress} at each change, {@code id: end} last; data is the execution. */
    Reply events(String id) throws InterruptedException {
        Execution first = appear(id);
        Flow flow = flows.findByExecutionWithoutAcl(first);
        return Reply.events(out -> {
            Execution current = first;
            Object told = null;
            int quiet = 0;
            Instant deadline = Instant.now().plus(ENDS_WITHIN);
            while (!streaming.isStopFollow(flow, current) && Instant.now().isBefore(deadline)) {
                if (!current.equals(told)) {
                    send(out, "progress", current);
                    told = current;
                } else if (++quiet % TURNS_PER_SIGN_OF_LIFE == 0) {
                    // A comment: finds out whether the caller is still there.
                    out.write(":\n\n".getBytes(StandardCharsets.UTF_8));
                    out.flush();
                }
                pause();
                current = executions.findById(Tenant.MAIN, id).orElse(current);
            }
            send(out, "end", current);
        });
    }

    private void send(OutputStream out, String event, Execution execution) throws IOException {
        try {
            out.write(("id: " + event + "\ndata: " + JacksonMapper.ofJson().writeValueAsString(json.of(execution)) + "\n\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("an execution could not be written as JSON", e);
        }
    }

    /** Just started, an execution is queued but its row may not be there yet. */
    private Execution appear(String id) throws InterruptedException {
        Instant deadline = Instant.now().plus(APPEARS_WITHIN);
        while (true) {
            Execution execution = executions.findById(Tenant.MAIN, id).orElse(null);
            if (execution != null) {
                return execution;
            }
            if (Instant.now().isAfter(deadline)) {
                throw HttpError.notFound();
            }
            Thread.sleep(TURN_MILLIS);
        }
    }

    private static void pause() throws InterruptedIOException {
        try {
            Thread.sleep(TURN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        }
    }
}
