package io.dataincidentmanager.engine.api;

import io.dataincidentmanager.engine.Kestra;
import io.dataincidentmanager.engine.http.Reply;
import io.dataincidentmanager.engine.http.Route;
import java.util.List;
import java.util.Map;

/** Health, and which version this is. While the engine starts or stops the front itself answers 503. */
public final class SystemApi {
    public List<Route> routes() {
        return List.of(
            Route.of("GET", "/health", call -> Reply.ok(Map.of("status", "UP"))).withoutPassword(),
            Route.of("GET", "/api/v1/configs", call -> Reply.ok(Map.of("version", Kestra.number()))));
    }
}
