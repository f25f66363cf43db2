package io.dataincidentmanager.engine;

import io.dataincidentmanager.engine.http.Front;
import io.kestra.core.serializers.JacksonMapper;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import sun.misc.Signal;

/**
 * Starts the engine and says so on stdout by one line, {@code ENGINE_READY {"url", "kestra", "boot_ms"}}. Ends with 1
 * and one line on stderr when it can't start or when a service of Kestra's ends by itself, with 0 after SIGTERM or when
 * the parent process is gone.
 */
public final class Main {
    private static final int STOP_LIMIT_SECONDS = 10;

    private static volatile Front front;
    private static volatile Kestra kestra;
    private static volatile boolean isStopping;

    private Main() {
    }

    public static void main(String[] arguments) throws InterruptedException {
        long started = System.nanoTime();
        PrintStream stdout = System.out;
        System.setOut(System.err);
        Runtime.getRuntime().addShutdownHook(new Thread(Main::stop, "engine-stop"));
        // Of itself the JVM ends with 143 after SIGTERM.
        Signal.handle(new Signal("TERM"), signal -> System.exit(0));
        try {
            Settings settings = Settings.from(System.getenv());
            settings.parent().ifPresent(Main::endWith);
            String url = settings.role().runsServer() ? startServer(settings) : startWorker(settings);
            Map<String, Object> ready = new LinkedHashMap<>();
            ready.put("url", url);
            ready.put("kestra", Kestra.number());
            ready.put("boot_ms", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started));
            stdout.println("ENGINE_READY " + JacksonMapper.ofJson().writeValueAsString(ready));
            stdout.flush();
        } catch (Exception | LinkageError e) {
            System.err.println("The engine can't start: " + reason(e));
            System.exit(1);
        }
        String ended = kestra.awaitEnd();
        // Nothing but the shutdown hook stops them on purpose, and that one ends the process.
        if (!isStopping) {
            System.err.println("The engine ends: " + ended);
            System.exit(1);
        }
        new CountDownLatch(1).await();
    }

    private static String startServer(Settings settings) throws Exception {
        StateFolder state = StateFolder.open(settings.state(), Kestra.number());
        front = Front.bind(settings);
        kestra = Kestra.start(settings, state, Meeting.of(state, front.url()));
        front.serve(kestra);
        return front.url();
    }

    /** Listens nowhere; its API is its server's. */
    private static String startWorker(Settings settings) throws Exception {
        StateFolder state = StateFolder.join(settings.state(), Kestra.number());
        Meeting meeting = Meeting.at(state);
        kestra = Kestra.start(settings, state, meeting);
        return meeting.url();
    }

    /** A launcher that was killed can't stop us, so we watch it. */
    private static void endWith(long parent) {
        ProcessHandle.of(parent).map(ProcessHandle::onExit).ifPresentOrElse(
            exit -> exit.thenRun(() -> System.exit(0)),
            () -> System.exit(0));
    }

    /** The shutdown hook. Task processes that outlive the grace period go with us; their tasks run again at the next start. */
    private static void stop() {
        isStopping = true;
        Thread limit = Thread.ofPlatform().daemon().start(() -> {
            try {
                TimeUnit.SECONDS.sleep(STOP_LIMIT_SECONDS);
                killTasks();
                Runtime.getRuntime().halt(0);
            } catch (InterruptedException e) {
                // stopped in time
            }
        });
        try {
            if (front != null) {
                front.stopping();
            }
            if (kestra != null) {
                kestra.stop();
            }
            if (front != null) {
                front.close();
            }
        } catch (RuntimeException e) {
            System.err.println("The engine did not stop well: " + reason(e));
        }
        killTasks();
        limit.interrupt();
    }

    private static void killTasks() {
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
    }

    private static String reason(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        return message.lines().findFirst().orElse(cause.toString());
    }
}
