package io.dataincidentmanager.engine;

import io.kestra.core.http.HttpRequest;
import io.kestra.core.models.executions.Execution;
import io.kestra.core.models.executions.ExecutionKilled;
import io.kestra.core.models.executions.LogEntry;
import io.kestra.core.models.executions.TaskRun;
import io.kestra.core.queues.QueueException;
import io.kestra.core.queues.QueueFactoryInterface;
import io.kestra.core.queues.QueueInterface;
import io.kestra.core.repositories.LogRepositoryInterface;
import io.kestra.core.runners.ExecutorInterface;
import io.kestra.core.runners.Indexer;
import io.kestra.core.runners.Scheduler;
import io.kestra.core.runners.Worker;
import io.kestra.core.server.Service;
import io.kestra.core.services.WebhookService;
import io.kestra.worker.DefaultWorker;
import io.micronaut.context.ApplicationContext;
import io.micronaut.inject.qualifiers.Qualifiers;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.slf4j.event.Level;

/** What Kestra 1.3 does in another way than 2.0. The class of the same name in {@code src/kestra-2.0} is its twin. */
public final class KestraVersion {
    private final ApplicationContext context;

    KestraVersion(ApplicationContext context) {
        this.context = context;
    }

    /** Starts the services; they run when their state says so. In the order of stopping, those of one list at once. */
    List<List<Service>> start(Role role, int workerThreads) {
        List<Service> workers = role.runsWorker() ? List.of(startWorker(workerThreads)) : List.of();
        if (!role.runsServer()) {
            return List.of(workers);
        }
        ExecutorInterface executor = context.getBean(ExecutorInterface.class);
        Scheduler scheduler = context.getBean(Scheduler.class);
        Indexer indexer = context.getBean(Indexer.class);
        Thread.ofPlatform().name("start-executor").start(executor);
        Thread.ofPlatform().name("start-scheduler").start(scheduler);
        Thread.ofPlatform().name("start-indexer").start(indexer);
        return List.of(List.of(scheduler), workers, List.of(executor), List.of(indexer));
    }

    private Worker startWorker(int threads) {
        // The worker's id is a UUID in Kestra; the worker is no bean of its own in 1.3.
        Worker worker = context.createBean(DefaultWorker.class, UUID.randomUUID().toString(), threads, null);
        context.registerSingleton(worker);
        Thread.ofPlatform().name("start-worker").start(worker);
        return worker;
    }

    /** Queues the execution; when it returns, the execution survives a crash. */
    public void submit(Execution execution) throws QueueException {
        context.getBean(WebhookService.class).startExecution(execution);
    }

    /** What a task run put out. 1.3 keeps it on the task run. */
    public Map<String, Object> outputs(TaskRun taskRun) {
        return taskRun.getOutputs();
    }

    /** What the flow put out, or null. 1.3 keeps it on the execution. */
    public Map<String, Object> outputs(Execution execution) {
        return execution.getOutputs();
    }

    public List<LogEntry> logs(String tenant, String executionId, Level minimum) {
        return context.getBean(LogRepositoryInterface.class).findByExecutionId(tenant, executionId, minimum);
    }

    @SuppressWarnings("unchecked")
    public void kill(ExecutionKilled event) throws QueueException {
        QueueInterface<ExecutionKilled> queue = context.getBean(QueueInterface.class, Qualifiers.byName(QueueFactoryInterface.KILL_NAMED));
        queue.emit(event);
    }

    /** Every body is text to the web server of 1.3; no body is no body. */
    public HttpRequest.RequestBody webhookBody(byte[] body, String contentType, Charset charset) {
        return body.length == 0 ? null : HttpRequest.StringRequestBody.of(new String(body, charset));
    }
}
