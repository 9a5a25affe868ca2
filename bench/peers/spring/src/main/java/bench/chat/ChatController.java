package bench.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.UUID;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.messaging.handler.annotation.MessageMapping;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.stereotype.Controller;

/** Shows a message to every instance at once, stores it, and tells them when it was stored. */
@Controller
public class ChatController {
    public record Send(String roomId, String sender, String content) {}

    public record Shown(
            UUID id, String roomId, String sender, String content, Instant createdAt, boolean deleted) {}

    public record Stored(UUID tempId, UUID id, String roomId, Instant createdAt) {}

    private final StringRedisTemplate redis;
    private final ChatMessageRepository messages;
    private final ObjectMapper json;

    public ChatController(
            StringRedisTemplate redis, ChatMessageRepository messages, ObjectMapper json) {
        this.redis = redis;
        this.messages = messages;
        this.json = json;
    }

    @MessageMapping("/chat")
    public void chat(@Payload Send send) throws JsonProcessingException {
        UUID tempId = UUID.randomUUID();
        Shown shown =
                new Shown(tempId, send.roomId(), send.sender(), send.content(), null, false);
        redis.convertAndSend(Relay.MESSAGES, json.writeValueAsString(shown));
        ChatMessage stored =
                messages.save(
                        new ChatMessage(
                                UUID.randomUUID(),
                                send.roomId(),
                                send.sender(),
                                send.content(),
                                Instant.now()));
        Stored timestamp =
                new Stored(tempId, stored.getId(), send.roomId(), stored.getCreatedAt());
        redis.convertAndSend(Relay.TIMESTAMPS, json.writeValueAsString(timestamp));
    }
}
