package com.gongqiao;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.net.http.HttpClient;
import java.time.Clock;
import java.time.Duration;

/** A client of each API that authenticates and retries. Pass it to the constructors of the generated classes, such as {@code EmployeesApi}. */
public final class Gongqiao {
  private Gongqiao() {}

  /** A client of the partner API. */
  public static com.gongqiao.channel.ApiClient partner(String baseUrl, String appkey, String secret) {
    Authentication token = new PartnerToken(baseUrl, appkey, secret, retries(false), Clock.systemUTC());
    HttpClient sender = sender(token, false);
    return new com.gongqiao.channel.ApiClient(null, com.gongqiao.channel.ApiClient.createDefaultObjectMapper(), baseUrl) {
      @Override
      public HttpClient getHttpClient() {
        return sender;
      }
    };
  }

  /** A client of the HR API that signs its requests. */
  public static com.gongqiao.hris.ApiClient hr(String baseUrl, String accessKey, String secretKey) {
    HttpClient sender = sender(new HrSignature(accessKey, secretKey, Clock.systemUTC()), false);
    return new com.gongqiao.hris.ApiClient(null, com.gongqiao.hris.ApiClient.createDefaultObjectMapper(), baseUrl) {
      @Override
      public HttpClient getHttpClient() {
        return sender;
      }
    };
  }

  /** A client of the signing API. The login needs no token, which is then null, and returns one, {@code session_token}. */
  public static com.gongqiao.signing.ApiClient worker(String baseUrl, String sessionToken) {
    HttpClient sender = sender(token("X-auth-token", sessionToken), false);
    return new com.gongqiao.signing.ApiClient(null, com.gongqiao.signing.ApiClient.createDefaultObjectMapper(), baseUrl) {
      @Override
      public HttpClient getHttpClient() {
        return sender;
      }
    };
  }

  /** A client of the job board. Login and registration need no token, which is then null, and return one in the header X-Auth-Token. */
  public static com.gongqiao.jobboard.ApiClient jobBoard(String baseUrl, String token) {
    HttpClient sender = sender(token("Authorization", token), true);
    return new com.gongqiao.jobboard.ApiClient(null, com.gongqiao.jobboard.ApiClient.createDefaultObjectMapper(), baseUrl) {
      @Override
      public HttpClient getHttpClient() {
        return sender;
      }
    };
  }

  /** The {@code payload} of a read of the HR API: the JSON text of one of the generated {@code ...Query} classes, which is signed as it is. */
  public static String payload(Object query) {
    try {
      return com.gongqiao.hris.ApiClient.createDefaultObjectMapper().writeValueAsString(query);
    } catch (JsonProcessingException notOfThisPackage) {
      throw new IllegalArgumentException(notOfThisPackage);
    }
  }

  private static HttpClient sender(Authentication authentication, boolean idempotencyKeys) {
    HttpClient inner = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(30)).build();
    return new Sender(inner, authentication, retries(idempotencyKeys));
  }

  private static Retries retries(boolean idempotencyKeys) {
    return new Retries(idempotencyKeys, pause -> Thread.sleep(pause.toMillis()));
  }

  private static Authentication token(String header, String token) {
    return token == null ? Authentication.none() : Authentication.token(header, token);
  }
}
