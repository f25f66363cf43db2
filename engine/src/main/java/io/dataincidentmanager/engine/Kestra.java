package io.dataincidentmanager.engine;

import io.kestra.core.server.Service;
import io.micronaut.context.ApplicationContext;
import io.micronaut.context.env.PropertySource;
import io.micronaut.context.env.yaml.YamlPropertySourceLoader;
import java.io.IOException;
import java.io.InputStream;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kestra's own services in this process: executor, worker, scheduler, indexer and, in 2.0, the controller between
 * executor and worker. Started the way {@code kestra server standalone} does; with a role the way {@code kestra server}
 * starts some of them.
 */
public final class Kestra {
    private static final Logger LOG = LoggerFactory.getLogger(Kestra.class);
    private static final Duration START_LIMIT = Duration.ofSeconds(120);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

    private final ApplicationContext context;
    private final KestraVersion version;
    private final List<List<Service>> services;

    private Kestra(ApplicationContext context, KestraVersion version, List<List<Service>> services) {
        this.context = context;
        this.version = version;
        this.services = services;
    }

    /** The version that the engine was built with, such as 1.3.31. */
    public static String number() {
        Properties properties = new Properties();
        try (InputStream file = Kestra.class.getResourceAsStream("/gradle.properties")) {
            properties.load(file);
        } catch (IOException e) {
            throw new IllegalStateException("the build has no gradle.properties", e);
        }
        return properties.getProperty("version");
    }

    static Kestra start(Settings settings, StateFolder state, Meeting meeting) throws IOException, InterruptedException, SQLException {
        // Under a name of our own: Micronaut orders a source by its name, and the placeholders must be there first.
        Map<String, Object> values = Map.of(
            "engine.state", state.path().toString(),
            "engine.server-type", settings.role().runsServer() ? "STANDALONE" : "WORKER",
            "engine.liveness-timeout", (settings.role() == Role.ALL ? 6 : 20) + "s",
            "engine.url", meeting.url(),
            "engine.encryption-key", state.encryptionKey(),
            "engine.database", meeting.database(),
            "engine.controller-port", meeting.controllerPort());
        try (InputStream file = Kestra.class.getResourceAsStream("/engine.yml")) {
            ApplicationContext context = ApplicationContext.builder()
                .classLoader(Kestra.class.getClassLoader())
                .environments("cli")
                .deduceEnvironment(false)
                .banner(false)
                .propertySources(
                    PropertySource.of("engine-values", values),
                    PropertySource.of("engine", new YamlPropertySourceLoader().read("engine", file)))
                .start();
            KestraVersion version = new KestraVersion(context);
            Kestra kestra = new Kestra(context, version, version.start(settings.role(), settings.workerThreads()));
            kestra.awaitRunning();
            if (settings.role() == Role.SERVER) {
                meeting.open(state);
            }
            return kestra;
        }
    }

    public <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    public KestraVersion version() {
        return version;
    }

    /** Stops taking work, gives running tasks the grace period, then closes the database. */
    void stop() {
        for (List<Service> together : services) {
            List<Thread> stopping = together.stream().map(service -> Thread.ofPlatform().start(() -> stop(service))).toList();
            try {
                for (Thread thread : stopping) {
                    thread.join();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        context.close();
    }

    private static void stop(Service service) {
        try {
            service.close();
        } catch (Exception e) {
            LOG.warn("{} did not stop well: {}", service.getType(), e.toString());
        }
    }

    /**
     * Waits until one of the services has ended by itself, and names it. Kestra ends a service at a fault it can't work on
     * with, and counts on whoever started the server to start it again.
     */
    String awaitEnd() throws InterruptedException {
        while (true) {
            for (Service service : services.stream().flatMap(List::stream).toList()) {
                if (hasEnded(service)) {
                    return service.getType() + " ended by itself, state " + service.getState();
                }
            }
            Thread.sleep(LOOK_EVERY);
        }
    }

    private static boolean hasEnded(Service service) {
        return switch (service.getState()) {
            // Before it has begun.
            case null -> false;
            case TERMINATING, TERMINATED_GRACEFULLY, TERMINATED_FORCED, NOT_RUNNING -> true;
            default -> false;
        };
    }

    private void awaitRunning() throws InterruptedException {
        Instant deadline = Instant.now().plus(START_LIMIT);
        for (Service service : services.stream().flatMap(List::stream).toList()) {
            while (service.getState() != Service.ServiceState.RUNNING) {
                if (hasEnded(service)) {
                    throw new IllegalStateException(service.getType() + " ended while it started");
                }
                if (Instant.now().isAfter(deadline)) {
                    throw new IllegalStateException(service.getType() + " did not start within " + START_LIMIT.toSeconds() + " s, state " + service.getState());
                }
                Thread.sleep(20);
            }
        }
    }
}
