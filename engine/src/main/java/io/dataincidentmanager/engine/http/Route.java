package io.dataincidentmanager.engine.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A path of the API, such as {@code /api/v1/main/flows/{namespace}/{id}}, and what answers it. The first route of the
 * table that fits wins. {@code open} routes ask for no password.
 */
public record Route(Set<String> methods, List<String> parts, boolean open, Handler handler) {

    /** Answers a call. An exception becomes an error answer, see {@link Errors}. */
    @FunctionalInterface
    public interface Handler {
        Reply answer(Call call) throws Exception;
    }

    public static Route of(String methods, String path, Handler handler) {
        return new Route(Set.of(methods.split("\\|")), split(path), false, handler);
    }

    public Route withoutPassword() {
        return new Route(methods, parts, true, handler);
    }

    static boolean isUnder(String path, List<String> rawParts) {
        List<String> prefix = split(path);
        return rawParts.size() > prefix.size() && rawParts.subList(0, prefix.size()).equals(prefix);
    }

    static List<String> split(String rawPath) {
        return List.of((rawPath.startsWith("/") ? rawPath.substring(1) : rawPath).split("/", -1));
    }

    /** The values of the path's variables, or nothing when the path is another one. */
    Optional<Map<String, String>> match(List<String> rawParts) {
        if (rawParts.size() != parts.size()) {
            return Optional.empty();
        }
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < parts.size(); i++) {
            String expected = parts.get(i);
            String given = rawParts.get(i);
            if (!expected.startsWith("{")) {
                if (!expected.equals(given)) {
                    return Optional.empty();
                }
            } else if (given.isEmpty()) {
                return Optional.empty();
            } else {
                values.put(expected.substring(1, expected.length() - 1), decode(given));
            }
        }
        return Optional.of(values);
    }

    private static String decode(String part) {
        try {
            return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new HttpError(400, "The path is not well-formed");
        }
    }
}
