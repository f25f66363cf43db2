package io.dataincidentmanager.engine.api;

import io.dataincidentmanager.engine.Kestra;
import io.dataincidentmanager.engine.http.Call;
import io.dataincidentmanager.engine.http.HttpError;
import io.dataincidentmanager.engine.http.Reply;
import io.dataincidentmanager.engine.http.Route;
import io.kestra.core.models.Label;
import io.kestra.core.models.QueryFilter;
import io.kestra.core.models.executions.Execution;
import io.kestra.core.models.executions.ExecutionKilled;
import io.kestra.core.models.executions.ExecutionKilledExecution;
import io.kestra.core.models.flows.Flow;
import io.kestra.core.repositories.ArrayListTotal;
import io.kestra.core.repositories.ExecutionRepositoryInterface;
import io.kestra.core.runners.FlowInputOutput;
import io.kestra.core.services.FlowService;
import io.micronaut.data.model.Pageable;
import io.micronaut.data.model.Sort;
import io.micronaut.http.multipart.CompletedPart;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.slf4j.event.Level;
import reactor.core.publisher.Flux;

/** Start, read, search, follow and kill executions, and read their logs, at Kestra's paths and in its shapes. */
public final class ExecutionApi {
    private static final int INPUTS_LIMIT = 16 * 1024 * 1024;
    private static final int PAGE_LIMIT = 1000;

    private final Kestra kestra;
    private final ExecutionRepositoryInterface executions;
    private final FlowService flows;
    private final FlowInputOutput inputs;
    private final ExecutionJson json;
    private final Following following;

    public ExecutionApi(Kestra kestra) {
        this.kestra = kestra;
        this.executions = kestra.bean(ExecutionRepositoryInterface.class);
        this.flows = kestra.bean(FlowService.class);
        this.inputs = kestra.bean(FlowInputOutput.class);
        this.json = new ExecutionJson(kestra);
        this.following = new Following(kestra, json);
    }

    public List<Route> routes() {
        String base = Tenant.API + "/executions";
        return List.of(
            Route.of("GET", base + "/search", this::search),
            Route.of("GET", base + "/{id}", call -> Reply.ok(json.of(find(call)))),
            Route.of("GET", base + "/{id}/follow", call -> following.events(call.path("id"))),
            Route.of("DELETE", base + "/{id}/kill", this::kill),
            Route.of("POST", base + "/{namespace}/{flow}", this::start),
            Route.of("GET", Tenant.API + "/logs/{id}", this::logs));
    }

    private Execution find(Call call) {
        return executions.findById(Tenant.MAIN, call.path("id")).orElseThrow(HttpError::notFound);
    }

    /** One part an input; {@code labels=key:value}; {@code wait=true} answers when the execution has ended. */
    private Reply start(Call call) throws Exception {
        Flow flow = executable(call);
        Execution execution = Execution.newExecution(flow, labels(call.query().getOrDefault("labels", List.of())));
        byte[] body = call.body(INPUTS_LIMIT);
        List<CompletedPart> parts = body.length == 0 ? List.of() : Multipart.parse(body, call.header("Content-Type").orElse(""));
        Map<String, Object> values;
        try {
            values = inputs.readExecutionInputs(flow, execution, Flux.fromIterable(parts)).block();
        } catch (IllegalArgumentException e) {
            throw new HttpError(422, "Invalid entity: " + e.getMessage());
        }
        execution = execution.withInputs(values);
        kestra.version().submit(execution);
        return Reply.ok(json.of(call.flag("wait", false) ? following.end(execution) : execution));
    }

    private Flow executable(Call call) {
        try {
            return flows.getFlowIfExecutableOrThrow(Tenant.MAIN, call.path("namespace"), call.path("flow"), Optional.empty());
        } catch (NoSuchElementException e) {
            throw HttpError.notFound();
        } catch (IllegalStateException e) {
            throw new HttpError(409, e.getMessage());
        }
    }

    private static List<Label> labels(List<String> values) {
        List<Label> labels = new ArrayList<>();
        Filters.labels(values).forEach((key, value) -> labels.add(new Label(key, value)));
        if (labels.stream().anyMatch(label -> label.key().startsWith(Label.SYSTEM_PREFIX) && !label.key().equals(Label.CORRELATION_ID) && !label.key().equals(Label.FROM))) {
            throw new HttpError(422, "System labels can only be set by Kestra itself");
        }
        if (labels.stream().noneMatch(label -> label.key().equals(Label.FROM))) {
            labels.add(new Label(Label.FROM, "api"));
        }
        return labels;
    }

    /** Newest first unless {@code sort=field:asc|desc} says otherwise; pages count from 1. */
    private Reply search(Call call) throws Exception {
        List<QueryFilter> filters = Filters.of(call.query());
        int page = number(call, "page", 1, Integer.MAX_VALUE);
        int size = number(call, "size", 10, PAGE_LIMIT);
        ArrayListTotal<Execution> found;
        try {
            found = executions.find(Pageable.from(page, size, sort(call)), Tenant.MAIN, filters);
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new HttpError(422, "Invalid filter: " + e.getMessage());
        }
        List<Object> results = new ArrayList<>();
        for (Execution execution : found) {
            results.add(json.of(execution));
        }
        return Reply.ok(Map.of("results", results, "total", found.getTotal()));
    }

    private Sort sort(Call call) {
        String[] given = call.query("sort").orElse("state.startDate:desc").split(":");
        String column = executions.sortMapping().apply(given[0]);
        if (column == null) {
            throw new HttpError(422, "Executions can't be sorted by " + given[0]);
        }
        boolean ascending = given.length > 1 && given[1].equalsIgnoreCase("asc");
        return Sort.of(ascending ? Sort.Order.asc(column) : Sort.Order.desc(column));
    }

    private static int number(Call call, String name, int fallback, int most) {
        try {
            return Math.clamp(call.query(name).map(Integer::parseInt).orElse(fallback), 1, most);
        } catch (NumberFormatException e) {
            throw new HttpError(422, name + " must be a whole number");
        }
    }

    private Reply kill(Call call) throws Exception {
        boolean cascade = call.flag("isOnKillCascade", true);
        Execution execution = find(call);
        if (execution.getState().isTerminated() && !cascade) {
            throw new HttpError(409, "Execution is already finished, can't kill it");
        }
        kestra.version().kill(ExecutionKilledExecution.builder()
            .state(ExecutionKilled.State.REQUESTED)
            .executionId(execution.getId())
            .isOnKillCascade(cascade)
            .tenantId(Tenant.MAIN)
            .build());
        return Reply.empty(202);
    }

    private Reply logs(Call call) {
        try {
            Level minimum = call.query("minLevel").map(Level::valueOf).orElse(null);
            return Reply.ok(kestra.version().logs(Tenant.MAIN, call.path("id"), minimum));
        } catch (IllegalArgumentException e) {
            throw new HttpError(422, "minLevel is one of TRACE, DEBUG, INFO, WARN, ERROR");
        }
    }
}
