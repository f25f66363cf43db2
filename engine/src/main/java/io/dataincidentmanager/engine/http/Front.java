package io.dataincidentmanager.engine.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.dataincidentmanager.engine.Kestra;
import io.dataincidentmanager.engine.Settings;
import io.dataincidentmanager.engine.api.ExecutionApi;
import io.dataincidentmanager.engine.api.FlowApi;
import io.dataincidentmanager.engine.api.SystemApi;
import io.dataincidentmanager.engine.api.WebhookApi;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * The HTTP server: finds the route, asks for the password, sends the answer. It listens before Kestra has started, so
 * that a taken port is told at once and {@code /health} says 503 until the engine is ready.
 */
public final class Front {
    private static final int DRAIN_BYTES = 32 * 1024 * 1024;
    private static final Duration DRAIN_TIME = Duration.ofSeconds(10);

    static {
        // Without it an answer on a kept connection waits 40 ms for the caller's delayed acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        System.setProperty("sun.net.httpserver.maxReqTime", "60");
    }

    private final HttpServer server;
    private final BasicAuth auth;
    private volatile List<Route> routes = List.of();
    private volatile boolean ready;

    private Front(HttpServer server, BasicAuth auth) {
        this.server = server;
        this.auth = auth;
    }

    /** @throws IOException when the address can't be had; its message names the port. */
    public static Front bind(Settings settings) throws IOException {
        InetSocketAddress address = new InetSocketAddress(settings.host(), settings.port());
        HttpServer server;
        try {
            server = HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new IOException(settings.host() + ":" + settings.port() + " can't be listened on (" + e.getMessage() + "): set ENGINE_PORT to another port, or 0 for a free one");
        }
        Front front = new Front(server, new BasicAuth(settings.username(), settings.password()));
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", front::handle);
        server.start();
        return front;
    }

    public String url() {
        InetSocketAddress address = server.getAddress();
        String host = address.getAddress().isAnyLocalAddress() ? "127.0.0.1" : address.getHostString();
        return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    public void serve(Kestra kestra) {
        routes = Stream.of(
            new WebhookApi(kestra).routes(),
            new ExecutionApi(kestra).routes(),
            new FlowApi(kestra).routes(),
            new SystemApi().routes()).flatMap(List::stream).toList();
        ready = true;
    }

    public void stopping() {
        ready = false;
    }

    public void close() {
        server.stop(0);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Reply reply;
            try {
                reply = answer(exchange);
            } catch (IOException e) {
                // The caller has gone, or sent a body that breaks off.
                return;
            } catch (Exception e) {
                reply = Errors.reply(e);
            }
            send(exchange, reply);
        }
    }

    private Reply answer(HttpExchange exchange) throws Exception {
        if (!ready) {
            return Reply.json(503, Map.of("status", "DOWN", "message", "The engine is starting or stopping")).with("Retry-After", "2");
        }
        List<String> parts = Route.split(exchange.getRequestURI().getRawPath());
        List<Route> fitting = routes.stream().filter(route -> route.match(parts).isPresent()).toList();
        if (fitting.stream().noneMatch(Route::open)) {
            // As in Kestra nothing under a webhook's path asks for a password, so nothing but webhooks may answer there.
            if (Route.isUnder(WebhookApi.PATH, parts)) {
                throw HttpError.notFound();
            }
            if (!auth.allows(Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")))) {
                return Reply.error(401, "Unauthorized", List.of()).with("WWW-Authenticate", "Basic realm=\"Kestra\", charset=\"UTF-8\"");
            }
        }
        if (fitting.isEmpty()) {
            throw HttpError.notFound();
        }
        String method = exchange.getRequestMethod();
        for (Route route : fitting) {
            if (route.methods().contains(method) && (route.open() || fitting.stream().noneMatch(Route::open))) {
                return route.handler().answer(new Call(exchange, route.match(parts).orElseThrow()));
            }
        }
        String allowed = String.join(", ", fitting.stream().flatMap(route -> route.methods().stream()).sorted().distinct().toList());
        return Reply.error(405, "Method " + method + " is not allowed, only " + allowed, List.of()).with("Allow", allowed);
    }

    private static void send(HttpExchange exchange, Reply reply) throws IOException {
        reply.headers().forEach(exchange.getResponseHeaders()::set);
        if (reply.stream() != null) {
            exchange.sendResponseHeaders(reply.status(), 0);
            try (OutputStream out = exchange.getResponseBody()) {
                reply.stream().writeTo(out);
            }
            return;
        }
        if (reply.status() >= 400) {
            exchange.getResponseHeaders().set("Connection", "close");
        }
        boolean bare = reply.body().length == 0 || exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(reply.status(), bare ? -1 : reply.body().length);
        if (!bare) {
            OutputStream out = exchange.getResponseBody();
            out.write(reply.body());
            out.flush();
        }
        drain(exchange.getRequestBody());
    }

    /**
     * Reads what is left of a body that was refused. Closing a connection on a caller that still writes resets it, and
     * the answer is lost with it; one that never ends is closed all the same.
     */
    private static void drain(InputStream rest) throws IOException {
        Instant deadline = Instant.now().plus(DRAIN_TIME);
        byte[] buffer = new byte[64 * 1024];
        int drained = 0;
        int read = 0;
        while (read >= 0 && drained < DRAIN_BYTES && Instant.now().isBefore(deadline)) {
            read = rest.read(buffer);
            drained += Math.max(read, 0);
        }
    }
}
