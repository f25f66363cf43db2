package io.dataincidentmanager.engine.api;

import io.dataincidentmanager.engine.Kestra;
import io.dataincidentmanager.engine.http.Call;
import io.dataincidentmanager.engine.http.HttpError;
import io.dataincidentmanager.engine.http.Reply;
import io.dataincidentmanager.engine.http.Route;
import io.kestra.core.http.HttpRequest;
import io.kestra.core.http.HttpResponse;
import io.kestra.core.models.flows.Flow;
import io.kestra.core.models.flows.FlowWithException;
import io.kestra.core.queues.MessageTooBigException;
import io.kestra.core.repositories.FlowRepositoryInterface;
import io.kestra.core.runners.RunContextFactory;
import io.kestra.core.services.WebhookService;
import io.kestra.plugin.core.trigger.AbstractWebhookTrigger;
import io.kestra.plugin.core.trigger.WebhookContext;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import reactor.core.Exceptions;

/**
 * {@code POST|PUT|GET /api/v1/main/executions/webhook/{namespace}/{flow}/{key}}. The key is the only gate. Kestra's web
 * server checks it, and limits the body, before it calls the trigger; here that is this class, and the rest is the
 * trigger's own {@code evaluate}. A 200 means that the execution is queued and survives a crash.
 */
public final class WebhookApi {
    public static final String PATH = Tenant.API + "/executions/webhook";
    static final int BODY_LIMIT = 1024 * 1024;
    /** A body can be a tree of 25 times its size once parsed: this much of bodies at once, the others wait their turn. */
    private static final int EVALUATED_KIB_AT_ONCE = 2 * 1024;
    private static final int LEAST_KIB = 64;
    private static final int READ_AT_ONCE = 64;
    private static final int WAIT_SECONDS = 20;

    private final Semaphore reading = new Semaphore(READ_AT_ONCE, true);
    private final Semaphore evaluating = new Semaphore(EVALUATED_KIB_AT_ONCE, true);
    private final FlowRepositoryInterface flows;
    private final RunContextFactory runContexts;
    private final WebhookService webhooks;
    private final Kestra kestra;

    public WebhookApi(Kestra kestra) {
        this.kestra = kestra;
        this.flows = kestra.bean(FlowRepositoryInterface.class);
        this.runContexts = kestra.bean(RunContextFactory.class);
        this.webhooks = kestra.bean(WebhookService.class);
    }

    public List<Route> routes() {
        return List.of(Route.of("POST|PUT|GET", PATH + "/{namespace}/{flow}/{key}", this::receive).withoutPassword());
    }

    private Reply receive(Call call) throws Exception {
        Flow flow = flows.findById(Tenant.MAIN, call.path("namespace"), call.path("flow")).orElseThrow(HttpError::notFound);
        if (flow instanceof FlowWithException) {
            throw notNow("The flow can't be read");
        }
        AbstractWebhookTrigger trigger = trigger(flow, call.path("key"));
        if (flow.isDisabled()) {
            throw HttpError.notFound();
        }
        return whileHolding(reading, 1, () -> {
            byte[] body = call.body(BODY_LIMIT);
            if (ListCost.isTooHigh(body)) {
                throw new HttpError(413, "The body holds longer lists than can be worked and was not accepted");
            }
            return whileHolding(evaluating, Math.max(LEAST_KIB, body.length / 1024), () -> evaluate(call, flow, trigger, body));
        });
    }

    private Reply evaluate(Call call, Flow flow, AbstractWebhookTrigger trigger, byte[] body) throws Exception {
        HttpRequest request = HttpRequest.builder()
            .method(call.method())
            .uri(call.uri())
            .headers(HttpHeaders.of(WebhookHeaders.letIn(call.headers()), (name, value) -> true))
            .body(kestra.version().webhookBody(body, call.header("Content-Type").orElse(null), call.charset()))
            .build();
        WebhookContext context = WebhookContext.builder().request(request).flow(flow).trigger(trigger).webhookService(webhooks).build();
        try {
            return reply(trigger.evaluate(context).block());
        } catch (RuntimeException e) {
            // The queue refuses what is over its own limit; anything else is our fault and becomes 500, an entity that is
            // invalid too: it is ours, and not what was sent.
            throw Exceptions.unwrap(e) instanceof MessageTooBigException tooBig ? tooBig : new IllegalStateException(e);
        }
    }

    /** Answers that aren't about the key never depend on it: an unknown flow and a wrong key look the same. */
    private AbstractWebhookTrigger trigger(Flow flow, String key) {
        byte[] given = key.getBytes(StandardCharsets.UTF_8);
        AbstractWebhookTrigger match = null;
        boolean unknown = false;
        for (Object candidate : flow.getTriggers() == null ? List.of() : flow.getTriggers()) {
            if (candidate instanceof AbstractWebhookTrigger webhook && !webhook.isDisabled()) {
                Optional<String> rendered = key(flow, webhook);
                unknown |= rendered.isEmpty();
                byte[] expected = rendered.orElse("").getBytes(StandardCharsets.UTF_8);
                if (expected.length > 0 && MessageDigest.isEqual(expected, given)) {
                    match = webhook;
                }
            }
        }
        if (match == null) {
            // To a monitor 404 means never again, and it may be right: the key it gave can't be compared.
            throw unknown ? notNow("A key of the flow can't be read") : HttpError.notFound();
        }
        return match;
    }

    /** Nothing where the key can't be rendered: a secret that isn't set must not open the gate. */
    private Optional<String> key(Flow flow, AbstractWebhookTrigger webhook) {
        try {
            String key = runContexts.of(flow, webhook).render(webhook.getKey());
            return Optional.of(key == null ? "" : key.strip());
        } catch (Exception e) {
            return Optional.empty();
        }
    }

    /** What is wrong on our side and may be mended: a monitor that hears it tries again. */
    private static HttpError notNow(String reason) {
        return new HttpError(503, reason);
    }

    private static Reply reply(HttpResponse<?> response) {
        if (response == null) {
            throw new IllegalStateException("the trigger gave no answer");
        }
        int status = response.getStatus().getCode();
        Object body = response.getBody();
        if (body == null) {
            return status >= 400 ? Reply.error(status, "The trigger answered " + status, List.of()) : Reply.empty(status);
        }
        if (body instanceof String text) {
            String type = response.getHeaders() == null ? "text/plain" : response.getHeaders().firstValue("Content-Type").orElse("text/plain");
            return Reply.text(status, type, text);
        }
        return Reply.json(status, body);
    }

    @FunctionalInterface
    private interface Work {
        Reply run() throws Exception;
    }

    private static Reply whileHolding(Semaphore places, int wanted, Work work) throws Exception {
        if (!places.tryAcquire(wanted, WAIT_SECONDS, TimeUnit.SECONDS)) {
            return Reply.error(503, "Too many webhook calls at once, try again", List.of()).with("Retry-After", "5");
        }
        try {
            return work.run();
        } finally {
            places.release(wanted);
        }
    }
}
