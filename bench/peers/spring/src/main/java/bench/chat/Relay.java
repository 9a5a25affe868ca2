package bench.chat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.messaging.simp.SimpMessagingTemplate;

/** Tells the sockets of this instance what Redis brings. */
@Configuration
public class Relay {
    static final String MESSAGES = "chat-message";
    static final String TIMESTAMPS = "chat-timestamp";

    @Bean
    RedisMessageListenerContainer listeners(
            RedisConnectionFactory redis, SimpMessagingTemplate sockets, ObjectMapper json) {
        RedisMessageListenerContainer container = new RedisMessageListenerContainer();
        container.setConnectionFactory(redis);
        container.addMessageListener(
                (message, pattern) -> {
                    ChatController.Shown shown = read(json, message.getBody(), ChatController.Shown.class);
                    sockets.convertAndSend("/topic/" + shown.roomId(), shown);
                },
                new ChannelTopic(MESSAGES));
        container.addMessageListener(
                (message, pattern) -> {
                    ChatController.Stored stored = read(json, message.getBody(), ChatController.Stored.class);
                    sockets.convertAndSend("/topic/" + stored.roomId(), stored);
                },
                new ChannelTopic(TIMESTAMPS));
        return container;
    }

    private static <T> T read(ObjectMapper json, byte[] body, Class<T> type) {
        try {
            return json.readValue(body, type);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
