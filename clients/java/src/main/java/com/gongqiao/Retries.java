package com.gongqiao;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Sends a request up to four times. It waits for Retry-After, else for 0.5, 1, 2 seconds, half of it random.
 *
 * <p>Authentication comes before: each attempt of a signed request has the same signature.
 */
final class Retries {
  private static final Set<Integer> STATUSES = Set.of(429, 502, 503, 504);
  private static final int TRIES = 4;

  /** The response of a server that asks for a longer wait, such as the one for a daily limit, is returned. */
  private static final long LONGEST_MILLIS = 60_000;

  /** Waits. A test does not. */
  interface Sleeper {
    void sleep(Duration pause) throws InterruptedException;
  }

  private final boolean idempotencyKeys;
  private final Sleeper sleeper;

  /** With keys, all attempts of a POST have one Idempotency-Key, so that a job whose response was lost is not made twice. */
  Retries(boolean idempotencyKeys, Sleeper sleeper) {
    this.idempotencyKeys = idempotencyKeys;
    this.sleeper = sleeper;
  }

  <T> HttpResponse<T> send(HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> handler) throws IOException, InterruptedException {
    HttpRequest marked = marked(request);
    for (int number = 0; ; number++) {
      boolean last = number + 1 == TRIES;
      long millis = (long) (500 * (1L << number) * ThreadLocalRandom.current().nextDouble(0.5, 1));
      try {
        HttpResponse<T> response = client.send(marked, handler);
        String asked = response.headers().firstValue("retry-after").orElse("");
        if (asked.matches("[0-9]{1,9}")) {
          millis = Long.parseLong(asked) * 1000;
        }
        if (!STATUSES.contains(response.statusCode()) || last || millis > LONGEST_MILLIS) {
          return response;
        }
        if (response.body() instanceof InputStream body) {
          body.close();
        }
      } catch (IOException failure) {
        if (last) {
          throw failure;
        }
      }
      sleeper.sleep(Duration.ofMillis(millis));
    }
  }

  private HttpRequest marked(HttpRequest request) {
    if (!idempotencyKeys || !request.method().equals("POST") || request.headers().firstValue("idempotency-key").isPresent()) {
      return request;
    }
    return HttpRequest.newBuilder(request, (name, value) -> true).header("Idempotency-Key", UUID.randomUUID().toString()).build();
  }
}
