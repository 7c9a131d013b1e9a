import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Receives events, and prints the type of each once. See /docs/events. */
class Receiver {
  static boolean isSigned(Headers headers, byte[] body) throws Exception {
    String secret = System.getenv("GONGQIAO_WEBHOOK_SECRET"), sentAt = headers.getFirst("webhook-timestamp");
    if (sentAt == null || Math.abs(Instant.now().getEpochSecond() - Long.parseLong(sentAt)) > 300) return false;
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.replace("whsec_", "")), "HmacSHA256"));
    mac.update((headers.getFirst("webhook-id") + "." + sentAt + ".").getBytes());
    byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes();
    for (String one : headers.getFirst("webhook-signature").split(" "))
      if (MessageDigest.isEqual(expected, one.getBytes())) return true;
    return false;
  }

  public static void main(String[] arguments) throws Exception {
    Set<String> seen = new HashSet<>();
    int port = Integer.parseInt(System.getenv("PORT"));
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.createContext("/", exchange -> {
      var body = new ByteArrayOutputStream();
      exchange.getRequestBody().transferTo(body);
      boolean isValid;
      try {
        isValid = isSigned(exchange.getRequestHeaders(), body.toByteArray());
      } catch (Exception invalid) {
        isValid = false;
      }
      if (isValid && seen.add(exchange.getRequestHeaders().getFirst("webhook-id")))
        System.out.println(new ObjectMapper().readTree(body.toByteArray()).at("/event/event_type").asText());
      exchange.sendResponseHeaders(isValid ? 204 : 401, -1);
      exchange.close();
    });
    server.start();
  }
}
