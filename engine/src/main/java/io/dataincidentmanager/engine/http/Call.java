package io.dataincidentmanager.engine.http;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One request: path parts by name, query, headers, and a body that is read once and never beyond a limit. */
public final class Call {
    private static final Pattern CHARSET = Pattern.compile("(?i)charset\\s*=\\s*\"?([^\\s;\"]+)");

    private final HttpExchange exchange;
    private final Map<String, String> path;
    private final Map<String, List<String>> query;

    Call(HttpExchange exchange, Map<String, String> path) {
        this.exchange = exchange;
        this.path = path;
        this.query = parseQuery(exchange.getRequestURI().getRawQuery());
    }

    public String method() {
        return exchange.getRequestMethod();
    }

    public URI uri() {
        return exchange.getRequestURI();
    }

    public String path(String name) {
        return path.get(name);
    }

    public Map<String, List<String>> query() {
        return query;
    }

    public Optional<String> query(String name) {
        return query.getOrDefault(name, List.of()).stream().findFirst();
    }

    public boolean flag(String name, boolean fallback) {
        return query(name).map(Boolean::parseBoolean).orElse(fallback);
    }

    /** Names in lower case. */
    public Map<String, List<String>> headers() {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        exchange.getRequestHeaders().forEach((name, values) -> headers.put(name.toLowerCase(), List.copyOf(values)));
        return headers;
    }

    public Optional<String> header(String name) {
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name));
    }

    /** The charset that the content type names, or UTF-8. */
    public Charset charset() {
        Matcher matcher = CHARSET.matcher(header("Content-Type").orElse(""));
        try {
            return matcher.find() ? Charset.forName(matcher.group(1)) : StandardCharsets.UTF_8;
        } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
            return StandardCharsets.UTF_8;
        }
    }

    public String text(int limit) throws IOException {
        return new String(body(limit), charset());
    }

    /** @throws HttpError 413 when there is more than {@code limit} bytes, seen from the length where it is given. */
    public byte[] body(int limit) throws IOException {
        String declared = header("Content-Length").orElse("0");
        if (declared.length() > 18 || Long.parseLong(declared) > limit) {
            throw tooLarge(limit);
        }
        InputStream in = exchange.getRequestBody();
        ByteArrayOutputStream body = new ByteArrayOutputStream(Integer.parseInt(declared));
        byte[] buffer = new byte[16 * 1024];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            if (body.size() + read > limit) {
                throw tooLarge(limit);
            }
            body.write(buffer, 0, read);
        }
        return body.toByteArray();
    }

    private static HttpError tooLarge(int limit) {
        return new HttpError(413, "The body is larger than " + limit + " bytes and was not accepted");
    }

    private static Map<String, List<String>> parseQuery(String raw) {
        Map<String, List<String>> query = new LinkedHashMap<>();
        if (raw == null) {
            return query;
        }
        for (String pair : raw.split("&")) {
            int equals = pair.indexOf('=');
            String name = decode(equals < 0 ? pair : pair.substring(0, equals));
            query.computeIfAbsent(name, any -> new ArrayList<>()).add(equals < 0 ? "" : decode(pair.substring(equals + 1)));
        }
        return query;
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new HttpError(400, "The query is not well-formed");
        }
    }
}
