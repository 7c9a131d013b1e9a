package com.gongqiao;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Flow;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs each request to the HR API.
 *
 * <p>The tonce has a fraction: two equal writes within one second are two writes. A retry sends the same signature, so it takes effect once.
 */
final class HrSignature implements Authentication {
  private final String accessKey;
  private final String secretKey;
  private final Clock clock;

  HrSignature(String accessKey, String secretKey, Clock clock) {
    this.accessKey = accessKey;
    this.secretKey = secretKey;
    this.clock = clock;
  }

  @Override
  public HttpRequest authenticate(HttpRequest request, HttpClient client) {
    Instant now = clock.instant();
    String tonce = String.format("%d.%06d", now.getEpochSecond(), now.getNano() / 1000);
    URI uri = request.uri();
    String body = request.bodyPublisher().map(HrSignature::text).orElse("");
    String payload = body.isEmpty() ? payload(uri.getRawQuery()) : body;
    String signature = sign(secretKey, request.method(), uri.getPath(), accessKey, tonce, payload);
    String query = uri.getRawQuery() == null ? "?" : "?" + uri.getRawQuery() + "&";
    String parameters = "access_key=" + accessKey + "&tonce=" + tonce + "&signature=" + signature;
    URI signed = uri.resolve(uri.getRawPath() + query + parameters);
    return HttpRequest.newBuilder(request, (name, value) -> true).uri(signed).build();
  }

  /** The signature of method, path, access key, tonce and payload, in hex. */
  static String sign(String secretKey, String... parts) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secretKey.getBytes(UTF_8), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(String.join("", parts).getBytes(UTF_8)));
    } catch (GeneralSecurityException missing) {
      throw new IllegalStateException(missing);
    }
  }

  private static String payload(String rawQuery) {
    for (String pair : rawQuery == null ? new String[0] : rawQuery.split("&")) {
      if (pair.startsWith("payload=")) {
        return URLDecoder.decode(pair.substring("payload=".length()), UTF_8);
      }
    }
    return "";
  }

  /** A request holds its body only as a publisher. That of the generated classes publishes an array, at once. */
  private static String text(HttpRequest.BodyPublisher publisher) {
    BodySubscriber<String> subscriber = BodySubscribers.ofString(UTF_8);
    publisher.subscribe(new Flow.Subscriber<ByteBuffer>() {
      @Override
      public void onSubscribe(Flow.Subscription subscription) {
        subscriber.onSubscribe(subscription);
      }

      @Override
      public void onNext(ByteBuffer part) {
        subscriber.onNext(List.of(part));
      }

      @Override
      public void onError(Throwable failure) {
        subscriber.onError(failure);
      }

      @Override
      public void onComplete() {
        subscriber.onComplete();
      }
    });
    return subscriber.getBody().toCompletableFuture().join();
  }
}
