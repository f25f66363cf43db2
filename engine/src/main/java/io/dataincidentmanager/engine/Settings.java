package io.dataincidentmanager.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the environment says. {@code port} 0 means a free one; {@code parent} is the process whose end is ours.
 */
public record Settings(Role role, String host, int port, Path state, String username, String password, int workerThreads, Optional<Long> parent) {

    /** Faults in the environment, all of them at once, each with what to do. */
    public static final class Invalid extends Exception {
        Invalid(List<String> faults) {
            super(String.join("; ", faults));
        }
    }

    public static Settings from(Map<String, String> environment) throws Invalid {
        List<String> faults = new ArrayList<>();
        String state = required(environment, "ENGINE_STATE", "a folder for the database and the files", faults);
        String username = required(environment, "ENGINE_USERNAME", "the user name that the API asks for", faults);
        String password = required(environment, "ENGINE_PASSWORD", "the password that the API asks for", faults);
        if (state.contains(";")) {
            faults.add("ENGINE_STATE must not contain a semicolon, which ends a path in a database address");
        }
        Role role = role(environment, faults);
        int port = number(environment, "ENGINE_PORT", 0, 0, 65535, faults);
        int threads = number(environment, "ENGINE_WORKER_THREADS", 8, 1, 256, faults);
        int parent = number(environment, "ENGINE_PARENT_PID", 0, 0, Integer.MAX_VALUE, faults);
        if (!faults.isEmpty()) {
            throw new Invalid(faults);
        }
        return new Settings(
            role, environment.getOrDefault("ENGINE_HOST", "127.0.0.1"), port, Path.of(state).toAbsolutePath().normalize(),
            username, password, threads, parent == 0 ? Optional.empty() : Optional.of((long) parent));
    }

    private static Role role(Map<String, String> environment, List<String> faults) {
        String value = environment.getOrDefault("ENGINE_ROLE", "");
        try {
            return value.isBlank() ? Role.ALL : Role.valueOf(value.strip().toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            faults.add("ENGINE_ROLE must be all, server or worker");
            return Role.ALL;
        }
    }

    private static String required(Map<String, String> environment, String name, String meaning, List<String> faults) {
        String value = environment.getOrDefault(name, "");
        if (value.isBlank()) {
            faults.add(name + " is not set: give " + meaning);
        }
        return value;
    }

    private static int number(Map<String, String> environment, String name, int fallback, int least, int most, List<String> faults) {
        String value = environment.getOrDefault(name, "");
        if (value.isBlank()) {
            return fallback;
        }
        try {
            int number = Integer.parseInt(value.strip());
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // reported below
        }
        faults.add(name + " must be a whole number from " + least + " to " + most);
        return fallback;
    }
}
