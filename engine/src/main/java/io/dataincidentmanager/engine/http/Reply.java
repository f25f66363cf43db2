package io.dataincidentmanager.engine.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.kestra.core.serializers.JacksonMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is sent back: a body of bytes, or a stream that writes itself. Header names are as they go out. */
public record Reply(int status, Map<String, String> headers, byte[] body, Stream stream) {

    /** Writes until it is done or the caller has gone (then {@link IOException}). */
    @FunctionalInterface
    public interface Stream {
        void writeTo(OutputStream out) throws IOException;
    }

    public static Reply json(int status, Object body) {
        try {
            return new Reply(status, Map.of("Content-Type", "application/json"), JacksonMapper.ofJson().writeValueAsBytes(body), null);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an answer could not be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    public static Reply ok(Object body) {
        return json(200, body);
    }

    public static Reply text(int status, String contentType, String body) {
        return new Reply(status, Map.of("Content-Type", contentType), body.getBytes(StandardCharsets.UTF_8), null);
    }

    public static Reply empty(int status) {
        return new Reply(status, Map.of(), new byte[0], null);
    }

    public static Reply events(Stream stream) {
        return new Reply(200, Map.of("Content-Type", "text/event-stream", "Cache-Control", "no-cache"), null, stream);
    }

    /** Kestra's shape of an error: one message, and the single faults under {@code _embedded}. */
    public static Reply error(int status, String message, List<String> faults) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("message", message);
        if (!faults.isEmpty()) {
            body.put("_embedded", Map.of("errors", faults.stream().map(fault -> Map.of("message", fault)).toList()));
        }
        return json(status, body);
    }

    public Reply with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new Reply(status, more, body, stream);
    }
}
