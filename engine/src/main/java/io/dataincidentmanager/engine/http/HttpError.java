package io.dataincidentmanager.engine.http;

/** An answer that is not a success; {@code message} is shown to the caller. */
public final class HttpError extends RuntimeException {
    private final int status;

    public HttpError(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    public int status() {
        return status;
    }

    public static HttpError notFound() {
        return new HttpError(404, "Not Found");
    }
}
