package io.dataincidentmanager.engine.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Optional;

/** User name and password as Kestra asks for them, compared in constant time. */
final class BasicAuth {
    private static final String SCHEME = "Basic ";

    private final byte[] expected;

    BasicAuth(String username, String password) {
        this.expected = (username + ":" + password).getBytes(StandardCharsets.UTF_8);
    }

    boolean allows(Optional<String> authorization) {
        String header = authorization.orElse("");
        if (!header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return false;
        }
        try {
            return MessageDigest.isEqual(expected, Base64.getDecoder().decode(header.substring(SCHEME.length()).strip()));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
