package io.dataincidentmanager.engine;

import io.kestra.core.exceptions.InternalException;
import io.kestra.core.http.HttpRequest;
import io.kestra.core.models.executions.Execution;
import io.kestra.core.models.executions.ExecutionKilled;
import io.kestra.core.models.executions.LogEntry;
import io.kestra.core.models.executions.TaskRun;
import io.kestra.core.queues.BroadcastQueueInterface;
import io.kestra.core.queues.QueueException;
import io.kestra.core.repositories.LogDataStoreInterface;
import io.kestra.core.runners.Executor;
import io.kestra.core.runners.Indexer;
import io.kestra.core.runners.Scheduler;
import io.kestra.core.runners.Worker;
import io.kestra.core.server.Service;
import io.kestra.core.services.ExecutionOutputService;
import io.kestra.core.services.TaskOutputService;
import io.kestra.core.services.WebhookService;
import io.kestra.core.worker.Controller;
import io.kestra.worker.systemworker.SystemWorker;
import io.micronaut.context.ApplicationContext;
import io.micronaut.core.type.Argument;
import io.micronaut.http.MediaType;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.event.Level;

/** What Kestra 2.0 does in another way than 1.3. The class of the same name in {@code src/kestra-1.3} is its twin. */
public final class KestraVersion {
    private static final List<String> TEXT_SUBTYPES = List.of("x-www-form-urlencoded", "yaml", "x-yaml", "csv");

    private final ApplicationContext context;

    KestraVersion(ApplicationContext context) {
        this.context = context;
    }

    /** Starts the services; they run when their state says so. In the order of stopping, those of one list at once. */
    List<List<Service>> start(Role role, int workerThreads) {
        List<Service> workers = new ArrayList<>();
        if (role.runsWorker()) {
            Worker worker = context.getBean(Worker.class);
            Thread.ofPlatform().name("start-worker").start(() -> worker.start(workerThreads));
            workers.add(worker);
        }
        if (!role.runsServer()) {
            return List.of(workers);
        }
        Executor executor = context.getBean(Executor.class);
        Controller controller = context.getBean(Controller.class);
        Scheduler scheduler = context.getBean(Scheduler.class);
        Indexer indexer = context.getBean(Indexer.class);
        // Purging is a system task, which only this worker takes.
        SystemWorker systemWorker = context.getBean(SystemWorker.class);
        Thread.ofPlatform().name("start-executor").start(executor);
        Thread.ofPlatform().name("start-controller").start(controller::start);
        Thread.ofPlatform().name("start-scheduler").start(scheduler);
        Thread.ofPlatform().name("start-indexer").start(indexer);
        Thread.ofPlatform().name("start-system-worker").start(systemWorker::start);
        workers.add(systemWorker);
        return List.of(List.of(scheduler), workers, List.of(controller), List.of(executor), List.of(indexer));
    }

    /** Queues the execution; when it returns, the executor has taken it and it survives a crash. */
    public void submit(Execution execution) {
        context.getBean(WebhookService.class).startExecution(execution).block();
    }

    /** What a task run put out. 2.0 keeps it in a table of its own. */
    public Map<String, Object> outputs(TaskRun taskRun) throws InternalException {
        return context.getBean(TaskOutputService.class).getOutputs(taskRun);
    }

    /** What the flow put out, or null. 2.0 keeps it in a table of its own. */
    public Map<String, Object> outputs(Execution execution) throws InternalException {
        return context.getBean(ExecutionOutputService.class).getOutputs(execution);
    }

    public List<LogEntry> logs(String tenant, String executionId, Level minimum) {
        return context.getBean(LogDataStoreInterface.class).findByExecutionId(tenant, executionId, minimum);
    }

    public void kill(ExecutionKilled event) throws QueueException {
        context.getBean(Argument.of(BroadcastQueueInterface.class, ExecutionKilled.class)).emit(event);
    }

    /** Text stays text, anything else is handed on as bytes (the flow sees base64); no body is no body. */
    public HttpRequest.RequestBody webhookBody(byte[] body, String contentType, Charset charset) {
        if (body.length == 0) {
            return null;
        }
        if (isText(contentType)) {
            return HttpRequest.StringRequestBody.of(new String(body, charset));
        }
        return HttpRequest.ByteArrayRequestBody.of(body);
    }

    /** A body without a type, or with one that is none, is text. */
    private static boolean isText(String contentType) {
        try {
            MediaType type = contentType == null ? MediaType.TEXT_PLAIN_TYPE : MediaType.of(contentType);
            return type.isTextBased() || TEXT_SUBTYPES.contains(type.getSubtype());
        } catch (IllegalArgumentException e) {
            return true;
        }
    }
}
