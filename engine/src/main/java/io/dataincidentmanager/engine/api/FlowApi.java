package io.dataincidentmanager.engine.api;

import io.dataincidentmanager.engine.Kestra;
import io.dataincidentmanager.engine.http.Call;
import io.dataincidentmanager.engine.http.HttpError;
import io.dataincidentmanager.engine.http.Reply;
import io.dataincidentmanager.engine.http.Route;
import io.kestra.core.models.flows.FlowSource;
import io.kestra.core.models.flows.FlowWithSource;
import io.kestra.core.models.validations.ValidateConstraintViolation;
import io.kestra.core.repositories.FlowRepositoryInterface;
import io.kestra.core.services.FlowService;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Create, change, validate, read and delete flows, and replace those of a namespace, which is what {@code kestra flow
 * namespace update} sends. Bodies are YAML. Everything is validated before anything is stored: one bad flow is 422 with
 * its reason and changes nothing.
 */
public final class FlowApi {
    private static final int BODY_LIMIT = 8 * 1024 * 1024;
    private static final Pattern NEXT_DOCUMENT = Pattern.compile("(?m)^---[ \\t]*\\r?$");

    private final FlowService service;
    private final FlowRepositoryInterface flows;

    public FlowApi(Kestra kestra) {
        this.service = kestra.bean(FlowService.class);
        this.flows = kestra.bean(FlowRepositoryInterface.class);
    }

    public List<Route> routes() {
        String base = Tenant.API + "/flows";
        return List.of(
            Route.of("POST", base + "/validate", call -> Reply.ok(service.validate(Tenant.MAIN, sources(call)))),
            Route.of("POST", base, this::create),
            Route.of("POST", base + "/{namespace}", this::replace),
            Route.of("GET", base + "/{namespace}", call -> Reply.ok(flows.findByNamespace(Tenant.MAIN, call.path("namespace")))),
            Route.of("GET", base + "/{namespace}/{id}", this::read),
            Route.of("PUT", base + "/{namespace}/{id}", this::update),
            Route.of("DELETE", base + "/{namespace}/{id}", this::delete));
    }

    private Reply create(Call call) throws Exception {
        FlowSource source = single(call);
        ValidateConstraintViolation flow = valid(List.of(source)).getFirst();
        if (stored(flow.getNamespace(), flow.getFlow()).isPresent()) {
            throw new HttpError(422, "Invalid entity: Flow id already exists");
        }
        return Reply.ok(service.importFlow(Tenant.MAIN, source.content()));
    }

    private Reply update(Call call) throws Exception {
        stored(call.path("namespace"), call.path("id")).orElseThrow(HttpError::notFound);
        FlowSource source = single(call);
        ValidateConstraintViolation flow = valid(List.of(source)).getFirst();
        if (!flow.getNamespace().equals(call.path("namespace")) || !flow.getFlow().equals(call.path("id"))) {
            throw new HttpError(422, "Invalid entity: Illegal flow id or namespace update");
        }
        return Reply.ok(service.importFlow(Tenant.MAIN, source.content()));
    }

    /** Answers the flows that were deleted, then those that were created or changed. */
    private Reply replace(Call call) throws Exception {
        String namespace = call.path("namespace");
        List<FlowSource> sources = sources(call);
        Set<String> ids = new HashSet<>();
        for (ValidateConstraintViolation flow : valid(sources)) {
            if (!namespace.equals(flow.getNamespace())) {
                throw new HttpError(422, "Invalid entity: Flow namespace is invalid: " + flow.getFlow() + " is of " + flow.getNamespace() + ", not of " + namespace);
            }
            if (!ids.add(flow.getFlow())) {
                throw new HttpError(422, "Invalid entity: Duplicate flow id " + flow.getFlow());
            }
        }
        List<FlowWithSource> changed = new ArrayList<>();
        if (call.flag("delete", true)) {
            for (FlowWithSource flow : service.findByNamespaceWithSource(Tenant.MAIN, namespace)) {
                if (!ids.contains(flow.getId())) {
                    changed.add(service.delete(flow));
                }
            }
        }
        for (FlowSource source : sources) {
            changed.add(service.importFlow(Tenant.MAIN, source.content()));
        }
        return Reply.ok(changed);
    }

    private Reply read(Call call) {
        FlowWithSource flow = stored(call.path("namespace"), call.path("id")).orElseThrow(HttpError::notFound);
        return Reply.ok(call.flag("source", false) ? flow : flow.toFlow());
    }

    private Reply delete(Call call) {
        service.delete(stored(call.path("namespace"), call.path("id")).orElseThrow(HttpError::notFound));
        return Reply.empty(204);
    }

    private Optional<FlowWithSource> stored(String namespace, String id) {
        return flows.findByIdWithSource(Tenant.MAIN, namespace, id);
    }

    private List<ValidateConstraintViolation> valid(List<FlowSource> sources) {
        List<ValidateConstraintViolation> results = service.validate(Tenant.MAIN, sources);
        List<String> faults = results.stream()
            .filter(result -> result.getConstraints() != null)
            .map(result -> result.getIdentity() + ": " + result.getConstraints())
            .toList();
        if (!faults.isEmpty()) {
            throw new HttpError(422, "Invalid entity: " + String.join("\n", faults));
        }
        return results;
    }

    private FlowSource single(Call call) throws IOException {
        List<FlowSource> sources = sources(call);
        if (sources.size() != 1) {
            throw new HttpError(422, "Invalid entity: one flow is expected, " + sources.size() + " were sent");
        }
        return sources.getFirst();
    }

    private static List<FlowSource> sources(Call call) throws IOException {
        return Arrays.stream(NEXT_DOCUMENT.split(call.text(BODY_LIMIT)))
            .filter(source -> !source.isBlank())
            .map(source -> new FlowSource(null, source.strip() + "\n"))
            .toList();
    }
}
